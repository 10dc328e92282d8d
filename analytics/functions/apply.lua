-- Moves responses from the revisions that are counted to other ones: all of a call, exactly once,
-- or none.
--
-- KEYS  guard, running rebuild, buckets of applied revisions…
-- ARGV  prefix of the counters' keys, then as MessagePack
--       {generation, cap, number of ids per bucket, ids (12 bytes each, bucket by bucket),
--        expected revisions, target revisions, steps}
-- Revisions are one number for all, or a list. A step is {kind, key, names, amounts, extremes}; a
-- call of up to a million responses adds amounts that a double holds exactly.
-- Kinds: i add   m add to minutes, whose key expires   c add, beyond `cap` values to "\0other"
--        n add, then widen to extremes 1 and 2, and take 3 and 4 away
-- The counters' keys are made of the prefix: they carry the hash tag of the declared ones.
--
-- Answers {status, generation being rebuilt or 0, …}:
--   1  applied
--   0  refused: then follows, for each id, the revision that is counted
--  -2  another generation is live: then follows its number

local OTHER = '\0other'
local EXACT = 2 ^ 52
local SLICE = 1000

local function add_slice(key, names, amounts, first, last)
  -- Two commands for many counters; what a double might not hold exactly is left to the server.
  local stored, changed, n = redis.call('HMGET', key, unpack(names, first, last)), {}, 0
  for i = first, last do
    local sum = tonumber(stored[i - first + 1] or 0) + amounts[i]
    if sum > -EXACT and sum < EXACT then
      changed[n + 1], changed[n + 2], n = names[i], sum, n + 2
    else
      redis.call('HINCRBY', key, names[i], amounts[i])
    end
  end
  if n > 0 then redis.call('HSET', key, unpack(changed)) end
end

local function add(key, names, amounts)
  if #names < 3 then
    for i = 1, #names do redis.call('HINCRBY', key, names[i], amounts[i]) end
    return
  end
  for first = 1, #names, SLICE do
    add_slice(key, names, amounts, first, math.min(first + SLICE - 1, #names))
  end
end

local function add_capped(key, names, amounts, cap)
  -- A value keeps its place for ever, at zero too, so that it never changes between its own
  -- count and the others. One that comes to its amount was at zero, or is new.
  for i = 1, #names do
    if redis.call('HINCRBY', key, names[i], amounts[i]) == amounts[i] then
      local beyond = redis.call('HLEN', key) - cap
      if beyond > 1 or beyond == 1 and redis.call('HEXISTS', key, OTHER) == 0 then
        redis.call('HDEL', key, names[i])
        redis.call('HINCRBY', key, OTHER, amounts[i])
      end
    end
  end
end

local function add_passing(key, minutes, amounts)
  -- Two days after the end of the minutes' UTC day, as series.minutes_end says.
  add(key, minutes, amounts)
  redis.call('EXPIREAT', key, (math.floor(tonumber(minutes[1]) / 1440) + 3) * 86400)
end

local function move_end(key, name, stored, stale, added, gone, sign)
  -- The smallest number (sign 1), or the largest (sign -1).
  local value = stored and sign * tonumber(stored)
  local new = added and sign * tonumber(added)
  if new and (not value or new < value or stale and new == value) then
    redis.call('HSET', key, name, added)
    if stale then redis.call('HDEL', key, name .. '_stale') end
    value, stale = new, false
  end
  if gone and value and not stale and sign * tonumber(gone) <= value then
    redis.call('HSET', key, name .. '_stale', 1)
  end
end

local function add_numbers(key, names, amounts, extremes)
  add(key, names, amounts)
  local stored = redis.call('HMGET', key, 'min', 'min_stale', 'max', 'max_stale', 'count')
  if extremes[3] and (stored[5] or '0') == '0' then
    redis.call('HDEL', key, 'min', 'min_stale', 'max', 'max_stale')
  else
    move_end(key, 'min', stored[1], stored[2], extremes[1], extremes[3], 1)
    move_end(key, 'max', stored[3], stored[4], extremes[2], extremes[4], -1)
  end
end

local function take(keys, sizes, ids, expected, target)
  -- Looks at every claim first, so that a refused call has changed nothing.
  local stored, changes, refused, n = {}, {}, false, 0
  for bucket = 1, #sizes do
    local some, change = {}, {}
    for i = 1, sizes[bucket] do
      some[i] = string.sub(ids, (n + i) * 12 - 11, (n + i) * 12)
    end
    local revisions = redis.call('HMGET', keys[2 + bucket], unpack(some))
    for i = 1, #some do
      n = n + 1
      stored[n] = tonumber(revisions[i] or 0)
      refused = refused or stored[n] ~= (expected[n] or expected[1])
      change[2 * i - 1], change[2 * i] = some[i], target[n] or target[1]
    end
    changes[bucket] = change
  end
  if refused then return stored end
  for bucket = 1, #sizes do
    redis.call('HSET', keys[2 + bucket], unpack(changes[bucket]))
  end
end

local function apply(keys, args)
  local generation, cap, sizes, ids, expected, target, steps = unpack(cmsgpack.unpack(args[2]))
  local live = redis.call('MGET', keys[1], keys[2])
  local rebuild = tonumber(live[2] or 0)
  if (live[1] or '0') ~= generation then return {-2, rebuild, tonumber(live[1] or 0)} end
  local stored = take(keys, sizes, ids, expected, target)
  if stored then return {0, rebuild, unpack(stored)} end
  for i = 1, #steps do
    local kind, name, names, amounts, extremes = unpack(steps[i])
    local key = args[1] .. name
    if kind == 'i' then
      add(key, names, amounts)
    elseif kind == 'c' then
      add_capped(key, names, amounts, cap)
    elseif kind == 'n' then
      add_numbers(key, names, amounts, extremes)
    else
      add_passing(key, names, amounts)
    end
  end
  return {1, rebuild}
end
