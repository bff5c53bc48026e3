package slack

import (
	"strconv"
	"strings"
	"time"

	"sitrep/bot/chat"
)

func roomID(team, channel string) chat.RoomID {
	if channel == "" {
		return ""
	}
	return chat.RoomID(team + "/" + channel)
}

func userID(team, user string) chat.UserID {
	if user == "" {
		return ""
	}
	return chat.UserID(team + "/" + user)
}

// bare takes the workspace off an id; an operator may have written the id without it.
func bare[T ~string](id T) string {
	s := string(id)
	return s[strings.LastIndexByte(s, '/')+1:]
}

// isID reports whether s looks like one of Slack's ids, so that nothing else gets into a mention.
func isID(s string) bool {
	return len(s) > 1 && len(s) <= 32 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// stamp reads the time out of a message's timestamp, "1700000000.000100"; the zero time when it holds none.
func stamp(ts string) time.Time {
	sec, frac, _ := strings.Cut(ts, ".")
	n, err := strconv.ParseInt(sec, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}
	}
	micro, err := strconv.ParseInt((frac + "000000")[:6], 10, 64)
	if err != nil {
		micro = 0
	}
	return time.Unix(n, micro*1000).UTC()
}

// oldest writes a time the way that the history methods take it.
func oldest(t time.Time) string {
	if t.IsZero() || t.Unix() <= 0 {
		return "0"
	}
	return strconv.FormatInt(t.Unix(), 10) + ".000000"
}

// permalink is the address that chat.getPermalink would answer, without asking.
func permalink(site, channel, ts, thread string) string {
	if site == "" || channel == "" || ts == "" {
		return ""
	}
	link := strings.TrimSuffix(site, "/") + "/archives/" + channel + "/p" + strings.ReplaceAll(ts, ".", "")
	if thread != "" && thread != ts {
		link += "?thread_ts=" + thread + "&cid=" + channel
	}
	return link
}
