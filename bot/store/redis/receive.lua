-- Stores a request unless its id is known, and forgets a few that were closed or answered long ago.
local sh, inbox, inboxids, closed, answered = unpack(KEYS)
local id, data, channel, keepClosed, keepAnswered, atOnce = unpack(ARGV)

if redis.call('HEXISTS', inboxids, id) == 1 or redis.call('ZSCORE', closed, id) then return 0 end
local time = redis.call('TIME')
-- At least the time in microseconds: after a failover that lost the last ones, those that follow are above any that somebody has seen.
local last = tonumber(redis.call('HGET', sh, 'inbox') or '0')
local seq = string.format('%.0f', math.max(last + 1, tonumber(time[1]) * 1000000 + tonumber(time[2])))
redis.call('HSET', sh, 'inbox', seq)
redis.call('XADD', inbox, seq .. '-0', 'r', data)
redis.call('HSET', inboxids, id, seq)

local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function prune(key, keep)
  local before = string.format('(%.0f', now - tonumber(keep))
  for _, old in ipairs(redis.call('ZRANGEBYSCORE', key, '-inf', before, 'LIMIT', 0, atOnce)) do
    redis.call('ZREM', key, old)
  end
end
prune(closed, keepClosed)
prune(answered, keepAnswered)
redis.call('PUBLISH', channel, '')
return 1
