-- Gives a lease back, if the owner holds it. Its token stays, since the next one must be higher.
if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'owner', '', 'until', '0')
  return 1
end
return 0
