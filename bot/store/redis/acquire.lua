-- Takes or renews a lease, by the server's clock. Returns its token, and 0 when another one holds it.
local lease = KEYS[1]
local owner, ttl = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local l = redis.call('HMGET', lease, 'owner', 'token', 'until')
local token = tonumber(l[2] or '0')
if l[1] ~= owner then
  if l[1] and l[1] ~= '' and tonumber(l[3]) > now then return 0 end
  -- At least the time in microseconds, so that a failover that lost the last token gives none of it again.
  token = math.max(token + 1, tonumber(time[1]) * 1000000 + tonumber(time[2]))
end
redis.call('HSET', lease, 'owner', owner, 'token', string.format('%.0f', token), 'until', string.format('%.0f', now + ttl))
return token
