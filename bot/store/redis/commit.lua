-- One step of an incident: checks first, then writes, all of it or nothing. See commit.go for the order of the arguments.
local inc, events, rm, sh, tasks, taskids, due, claims, answered, open, list, rooms, lease = unpack(KEYS)

local at = 0
local function take()
  at = at + 1
  return ARGV[at]
end
local function each(width, f)
  for _ = 1, tonumber(take()) do
    local item = {}
    for k = 1, width do item[k] = take() end
    f(item)
  end
end
local function all(width)
  local out = {}
  each(width, function(item) out[#out + 1] = item end)
  return out
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local id, channel = take(), take()
local versioned, expect = take() == '1', tonumber(take())
local token = take()
local requests = all(1)
local recorded = all(1)
local held = all(2)

if token ~= '' then
  local l = redis.call('HMGET', lease, 'token', 'until')
  if l[1] ~= token or tonumber(l[2]) <= now then return {'fenced'} end
end
for _, r in ipairs(requests) do
  if redis.call('ZSCORE', answered, r[1]) then return {'replayed'} end
end
local version = tonumber(redis.call('HGET', inc, 'v') or '0')
if versioned and version ~= expect then return {'conflict'} end
for _, c in ipairs(held) do
  local by = redis.call('HGET', claims, c[1]) or ''
  if by ~= c[2] then return {'claimed', c[1], by} end
end
if #recorded > 0 then
  local last = redis.call('XREVRANGE', events, '+', '-', 'COUNT', 1)
  local found = 0
  if last[1] then found = tonumber(string.match(last[1][1], '^%d+')) end
  if found ~= version then return {'torn', version, found} end
end

-- The first write is one that a full memory refuses, so that the refusal comes before anything is written.
redis.call('HINCRBY', sh, 'commits', 1)

if #recorded > 0 then
  for i, e in ipairs(recorded) do
    redis.call('XADD', events, string.format('%.0f-0', version + i), 'e', e[1])
  end
  local state, fold, number, isOpen = take(), take(), take(), take() == '1'
  redis.call('HSET', inc, 'v', string.format('%.0f', version + #recorded), 's', state, 'f', fold)
  redis.call('ZADD', list, number, id)
  if isOpen then redis.call('ZADD', open, number, id) else redis.call('ZREM', open, id) end
  local before, after = {}, {}
  for _, r in ipairs(redis.call('SMEMBERS', rm)) do before[r] = true end
  local stamp = string.format('%010.0f%06.0f', tonumber(time[1]), tonumber(time[2]))
  each(1, function(r)
    after[r[1]] = true
    if not before[r[1]] then
      redis.call('SADD', rm, r[1])
      redis.call('HSET', rooms, r[1], stamp .. ' ' .. id)
    end
  end)
  for r in pairs(before) do
    if not after[r] then
      redis.call('SREM', rm, r)
      local by = redis.call('HGET', rooms, r)
      if by and string.sub(by, #stamp + 2) == id then redis.call('HDEL', rooms, r) end
    end
  end
end

each(1, function(t)
  local seq = redis.call('HGET', taskids, t[1])
  if seq then
    redis.call('HDEL', taskids, t[1])
    redis.call('XDEL', tasks, seq .. '-0')
  end
end)
each(2, function(t)
  if redis.call('HEXISTS', taskids, t[1]) == 0 then
    -- At least the time in microseconds: after a failover that lost the last ones, those that follow are above any that somebody has seen.
    local last = tonumber(redis.call('HGET', sh, 'tasks') or '0')
    local seq = string.format('%.0f', math.max(last + 1, tonumber(time[1]) * 1000000 + tonumber(time[2])))
    redis.call('HSET', sh, 'tasks', seq)
    redis.call('XADD', tasks, seq .. '-0', 't', t[2])
    redis.call('HSET', taskids, t[1], seq)
  end
end)

local function clear(name)
  local was = redis.call('HGET', inc, 't:' .. name)
  if was then
    redis.call('ZREM', due, was .. id .. '\0' .. name)
    redis.call('HDEL', inc, 't:' .. name)
  end
end
each(1, function(t) clear(t[1]) end)
each(2, function(t)
  clear(t[1])
  redis.call('HSET', inc, 't:' .. t[1], t[2])
  redis.call('ZADD', due, 0, t[2] .. id .. '\0' .. t[1])
end)

each(2, function(c) redis.call('HINCRBY', inc, 'c:' .. c[1], c[2]) end)
for _, c in ipairs(held) do redis.call('HSET', claims, c[1], id) end
for _, r in ipairs(requests) do redis.call('ZADD', answered, now, r[1]) end
if take() == '1' then redis.call('PUBLISH', channel, '') end
return {'ok'}
