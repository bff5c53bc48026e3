// Package chat is what sitrep says and hears, in terms that every chat platform shares: messages, forms, rooms, and
// what people do in them. A platform's adapter lives in a folder below and implements Platform.
//
// It decides nothing: what a verb means is the business of handlers, when something is sent that of bot.
package chat
