-- Stores a request unless its id is known, and forgets a few that were closed or answered long ago.
local sh, inbox, inboxids, closed, answered = unpack(KEYS)
local id, data, channel, keepClosed, keepAnswered, atOnce = unpack(ARGV)

if redis.call('HEXISTS', inboxids, id) == 1 or redis.call('ZSCORE', closed, id) then return 0 end
local seq = string.format('%.0f', redis.call('HINCRBY', sh, 'inbox', 1))
redis.call('XADD', inbox, seq .. '-0', 'r', data)
redis.call('HSET', inboxids, id, seq)

local time = redis.call('TIME')
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
