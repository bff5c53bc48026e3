package redis

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"sitrep/bot/ops"
)

// address is a URL in its parts.
type address struct {
	way              string // "", "sentinel" or "cluster"
	hosts            []string
	user, password   string
	master           string // the name that Sentinels know
	db               int
	tls              *tls.Config
	sentinelUser     string
	sentinelPassword string
}

// parse reads a URL. Its error tells nothing of it.
func parse(raw string) (address, error) {
	wrong := &ops.Error{Op: "redis.Open", Kind: ops.Invalid, Msg: "store.redis.url is no address of a Redis; write redis://user:password@host:6379/0, " +
		"rediss://… with TLS, redis+sentinel://host:26379,host:26379/name or redis+cluster://host:6379,host:6379"}
	scheme, rest, _ := strings.Cut(raw, "://")
	kind, way, _ := strings.Cut(scheme, "+")
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	user, hosts := "", rest[:end]
	if at := strings.LastIndex(hosts, "@"); at >= 0 {
		user, hosts = hosts[:at+1], hosts[at+1:]
	}
	a := address{way: way, hosts: strings.Split(hosts, ",")}
	u, err := url.Parse("redis://" + user + a.hosts[0] + rest[end:])
	if err != nil || hosts == "" || kind != "redis" && kind != "rediss" || way != "" && way != "sentinel" && way != "cluster" {
		return a, wrong
	}
	a.user = u.User.Username()
	a.password, _ = u.User.Password()
	a.sentinelUser, a.sentinelPassword = u.Query().Get("sentinel_username"), u.Query().Get("sentinel_password")
	port := map[string]string{"": "6379", "cluster": "6379", "sentinel": "26379"}[way]
	for i, h := range a.hosts {
		if h == "" {
			return a, wrong
		}
		if _, _, err := net.SplitHostPort(h); err != nil {
			a.hosts[i] = net.JoinHostPort(strings.Trim(h, "[]"), port)
		}
	}
	path := strings.FieldsFunc(u.Path, func(r rune) bool { return r == '/' })
	if way == "sentinel" {
		if len(path) == 0 {
			return a, wrong
		}
		a.master, path = path[0], path[1:]
	}
	if len(path) > 0 {
		if a.db, err = strconv.Atoi(path[0]); err != nil || len(path) > 1 || way == "cluster" && a.db != 0 {
			return a, wrong
		}
	}
	if way == "" && len(a.hosts) > 1 {
		return a, wrong
	}
	if kind == "rediss" {
		host, _, _ := net.SplitHostPort(a.hosts[0])
		a.tls = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
		if way != "" {
			a.tls.ServerName = "" // each server by its own name
		}
	}
	return a, nil
}

// silence keeps the client from writing to standard error. What goes wrong comes back as an error.
var silence = sync.OnceFunc(func() { goredis.SetLogger(nobody{}) })

type nobody struct{}

func (nobody) Printf(context.Context, string, ...any) {}

const dialWithin = 2 * time.Second

// connect makes the client. Nothing is sent yet. No client tries again by itself what was perhaps carried out.
func (s *Store) connect(o Options) error {
	silence()
	a, err := parse(o.URL)
	if err != nil {
		return err
	}
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	switch a.way {
	case "cluster":
		s.cluster = goredis.NewClusterClient(&goredis.ClusterOptions{
			Addrs: a.hosts, Username: a.user, Password: a.password, TLSConfig: a.tls, MaxRetries: -1,
			DialTimeout: dialWithin, ReadTimeout: o.Timeout, WriteTimeout: o.Timeout, PoolTimeout: o.Timeout, ContextTimeoutEnabled: true,
			DisableIdentity: true, MaintNotificationsConfig: quiet, PoolSize: poolSize, DialerRetries: 1,
		})
		s.client = s.cluster
		return nil
	case "sentinel":
		s.single = goredis.NewFailoverClient(&goredis.FailoverOptions{
			MasterName: a.master, SentinelAddrs: a.hosts, SentinelUsername: a.sentinelUser, SentinelPassword: a.sentinelPassword,
			Username: a.user, Password: a.password, DB: a.db, TLSConfig: a.tls, MaxRetries: -1,
			DialTimeout: dialWithin, ReadTimeout: o.Timeout, WriteTimeout: o.Timeout, PoolTimeout: o.Timeout, ContextTimeoutEnabled: true,
			DisableIdentity: true, PoolSize: poolSize, DialerRetries: 1,
		})
	default:
		s.single = goredis.NewClient(&goredis.Options{
			Addr: a.hosts[0], Username: a.user, Password: a.password, DB: a.db, TLSConfig: a.tls, MaxRetries: -1,
			DialTimeout: dialWithin, ReadTimeout: o.Timeout, WriteTimeout: o.Timeout, PoolTimeout: o.Timeout, ContextTimeoutEnabled: true,
			DisableIdentity: true, MaintNotificationsConfig: quiet, PoolSize: poolSize, DialerRetries: 1,
		})
	}
	s.client = s.single
	return nil
}

// poolSize is how many connections there are to one server at most.
const poolSize = 64
