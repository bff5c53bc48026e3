package slack

import (
	"strings"
)

var fromEntities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// readable turns what Slack sends of a typed text into what the person saw: links as their address, mentions as
// "@" and the person's id, rooms as "#" and their name, entities resolved.
func readable(team, s string) string {
	var b strings.Builder
	for {
		open := strings.IndexByte(s, '<')
		if open < 0 {
			break
		}
		end := strings.IndexByte(s[open:], '>')
		if end < 0 {
			break
		}
		b.WriteString(fromEntities.Replace(s[:open]))
		b.WriteString(sequence(team, s[open+1:open+end]))
		s = s[open+end+1:]
	}
	b.WriteString(fromEntities.Replace(s))
	return b.String()
}

// sequence reads what stands between "<" and ">" (https://docs.slack.dev/messaging/formatting-message-text).
func sequence(team, s string) string {
	target, label, labelled := strings.Cut(s, "|")
	label = fromEntities.Replace(label)
	if target == "" {
		return label
	}
	rest := target[1:]
	switch target[0] {
	case '@':
		return "@" + string(userID(team, rest))
	case '#':
		if label != "" {
			return "#" + label
		}
		return "#" + rest
	case '!':
		if labelled {
			return label
		}
		return "@" + strings.SplitN(rest, "^", 2)[0]
	}
	return fromEntities.Replace(target)
}

// afterMention returns what was said to the bot: the text after its first mention, and all of it when there is none.
func afterMention(text, bot string) string {
	for from := 0; ; {
		i := strings.Index(text[from:], "<@"+bot)
		if bot == "" || i < 0 {
			return strings.TrimSpace(text)
		}
		from += i + len("<@"+bot)
		if strings.HasPrefix(text[from:], ">") {
			return strings.TrimSpace(text[from+1:])
		}
		if strings.HasPrefix(text[from:], "|") {
			if _, after, ok := strings.Cut(text[from:], ">"); ok {
				return strings.TrimSpace(after)
			}
		}
	}
}

// roomName keeps a channel's name and drops the words that Slack sends in place of a private one.
func roomName(name string) string {
	if name == "directmessage" || name == "privategroup" {
		return ""
	}
	return name
}
