// Package slackfake is the server side of Slack for tests: the Web API, Socket Mode, uploads, response URLs, and signed requests to
// a bot that is reached over HTTP, on a real socket of the loopback. It is what the people on it see and do (chattest.World), and it is no
// kinder than Slack.
//
// It is test equipment, keeps everything in memory, and knows only the methods that the adapter uses. When SITREP_CONTRACTS is set each
// exchange is held against Slack's own document.
//
// The Web API: https://docs.slack.dev/reference/methods.
package slackfake
