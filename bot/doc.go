// Package bot is the runtime: it keeps what comes in, lets the pure core decide, and does in the outside world what was decided —
// in order, once as people see it, and on time. Bot.Run is all of it.
//
// It knows no verb and no vendor: what a command means is the Handler's business, how a platform is reached that of chat.Platform.
package bot
