-- Gives a number that was never given, and remembers whose it is.
local n = redis.call('INCR', KEYS[1])
while redis.call('HSETNX', KEYS[2], string.format('%.0f', n), ARGV[1]) == 0 do
  n = redis.call('INCR', KEYS[1])
end
return n
