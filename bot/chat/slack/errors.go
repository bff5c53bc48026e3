package slack

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	api "github.com/slack-go/slack"

	"sitrep/bot/ops"
)

// fault tells an error of the SDK in sitrep's terms; nil stays nil.
func fault(op string, err error) error {
	if err == nil {
		return nil
	}
	var done *ops.Error
	if errors.As(err, &done) {
		return err
	}
	e := &ops.Error{Op: op, Kind: ops.Unavailable, Msg: "Slack did not answer.", Err: withoutURL(err)}
	var limited *api.RateLimitedError
	var said api.SlackErrorResponse
	var status api.StatusCodeError
	switch {
	case errors.As(err, &limited):
		e.Kind, e.Msg, e.RetryAfter = ops.Throttled, "Slack asks to wait a moment.", limited.RetryAfter
	case errors.As(err, &said):
		e.Kind, e.Msg = meaning(said)
		if why := said.ResponseMetadata.Messages; len(why) > 0 {
			e.Err = fmt.Errorf("%w %q", said, why)
		}
		if e.Kind == ops.Throttled {
			e.RetryAfter = 30 * time.Second
		}
	case errors.As(err, &status):
		e.Kind, e.Msg = statusMeaning(status.Code)
	}
	return e
}

// withoutURL drops the address from an error: those of answers and uploads are secrets.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func statusMeaning(code int) (ops.Kind, string) {
	switch {
	case code == http.StatusTooManyRequests:
		return ops.Throttled, "Slack asks to wait a moment."
	case code == http.StatusNotFound || code == http.StatusGone:
		return ops.NotFound, "Slack does not know that address any more."
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return ops.Denied, "Slack refused the bot."
	case code >= 500:
		return ops.Unavailable, "Slack has trouble of its own."
	}
	return ops.Invalid, "Slack did not take the request."
}

var notFound = map[string]string{
	"channel_not_found":    "That room does not exist, or the bot is not in it.",
	"is_archived":          "That room is archived.",
	"not_in_channel":       "The bot is not in that room: invite it there.",
	"message_not_found":    "That message is gone.",
	"thread_not_found":     "That thread is gone.",
	"no_item_specified":    "That message is gone.",
	"user_not_found":       "There is no such person in the workspace.",
	"users_not_found":      "There is no such person in the workspace.",
	"user_not_visible":     "There is no such person in the workspace.",
	"user_not_in_channel":  "That person is not in the room.",
	"user_disabled":        "That person has left the workspace.",
	"file_not_found":       "That file is gone.",
	"expired_url":          "The time for an answer has passed.",
	"used_url":             "The time for an answer has passed.",
	"invalid_url":          "The time for an answer has passed.",
	"expired_trigger_id":   "The form could not open in time: please try again.",
	"trigger_expired":      "The form could not open in time: please try again.",
	"exchanged_trigger_id": "The form was opened already.",
	"trigger_exchanged":    "The form was opened already.",
	"edit_window_closed":   "That message cannot be changed any more.",
}

var denied = map[string]string{ //nolint:gosec // the keys are error codes, not credentials
	"not_authed":              "Slack got no token: set bot_token.",
	"invalid_auth":            "Slack does not accept the token: copy it again from the app's page.",
	"account_inactive":        "The token's app or workspace was removed: install the app again.",
	"token_revoked":           "The token was revoked: install the app again and set the new token.",
	"token_expired":           "The token has expired: install the app again and set the new token.",
	"not_allowed_token_type":  "That is the wrong kind of token: bot_token begins with xoxb-, app_token with xapp-.",
	"no_permission":           "The workspace does not allow the bot to do that.",
	"access_denied":           "The workspace does not allow the bot to do that.",
	"restricted_action":       "A workspace setting keeps the bot from doing that: ask an administrator.",
	"team_access_not_granted": "The app is not installed in that workspace.",
	"ekm_access_denied":       "An administrator has suspended the bot's access.",
	"user_is_restricted":      "Guests cannot be brought into that room by the bot.",
	"cant_update_message":     "That message cannot be changed by the bot.",
	"not_authorized":          "The bot may not do that.",
	"cant_invite_self":        "The bot cannot invite itself.",
}

var unavailable = map[string]bool{
	"internal_error": true, "fatal_error": true, "service_unavailable": true, "request_timeout": true, "team_added_to_org": true,
	"accesslimited": true, "org_login_required": true, "upload_failed": true, "timeout": true,
}

// meaning sorts what Slack says with status 200. What is in no table is our own request's fault.
func meaning(said api.SlackErrorResponse) (ops.Kind, string) {
	code := said.Err
	if code == "missing_scope" {
		needed := strings.ReplaceAll(said.Needed, ",", ", ")
		return ops.Denied, "The Slack app lacks the scope " + needed + ": add it on the app's page and install the app again."
	}
	if msg := denied[code]; msg != "" {
		return ops.Denied, msg
	}
	if msg := notFound[code]; msg != "" {
		return ops.NotFound, msg
	}
	switch {
	case code == "ratelimited" || code == "rate_limited" || code == "message_limit_exceeded":
		return ops.Throttled, "Slack asks to wait a moment."
	case unavailable[code]:
		return ops.Unavailable, "Slack has trouble of its own."
	}
	return ops.Invalid, "Slack did not take the request (" + code + ")."
}

// said reports whether Slack answered with that error code.
func said(err error, codes ...string) bool {
	var r api.SlackErrorResponse
	if !errors.As(err, &r) {
		return false
	}
	for _, code := range codes {
		if r.Err == code {
			return true
		}
	}
	return false
}

// halfDone tells that something was done before err: a limit must not read as "certainly not done", or the caller repeats
// without looking.
func halfDone(err error) error {
	var e *ops.Error
	if !errors.As(err, &e) || e.Kind != ops.Throttled {
		return err
	}
	return &ops.Error{Op: e.Op, Kind: ops.Unavailable, Msg: e.Msg, RetryAfter: e.RetryAfter, Err: e.Err}
}
