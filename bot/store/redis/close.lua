-- Takes requests out of the inbox, and remembers their ids.
local inbox, inboxids, closed = unpack(KEYS)
local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
local n = 0
for _, id in ipairs(ARGV) do
  local seq = redis.call('HGET', inboxids, id)
  if seq then
    redis.call('ZADD', closed, now, id)
    redis.call('XDEL', inbox, seq .. '-0')
    redis.call('HDEL', inboxids, id)
    n = n + 1
  end
end
return n
