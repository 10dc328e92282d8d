-- Moves responses from the revisions that are counted to other ones: all of a call, exactly once,
-- or none.
--
-- KEYS  guard, running rebuild, buckets of applied revisions…, counters…
-- ARGV  generation, cap, number of claims, number of buckets,
--       for each claim: number of its bucket, response id (12 bytes), expected and target revision,
--       then, as one JSON list, for each step: kind, number of its counter, field, amount
--       (a move of up to two million responses adds amounts that a double holds exactly)
-- Kinds: i add   e let the key expire   m add to a minute, whose key expires   c add, beyond `cap` values to "\0other"   + widen min and max   - take away
--
-- Answers {status, generation being rebuilt or 0, …}:
--   1  applied
--   0  refused: then follows, for each claim, the revision that is counted
--  -2  another generation is live: then follows its number

local OTHER = '\0other'

local function widen(key, text)
  local value = tonumber(text)
  local low, high = redis.call('HGET', key, 'min'), redis.call('HGET', key, 'max')
  if not low or value <= tonumber(low) then
    redis.call('HSET', key, 'min', text)
    redis.call('HDEL', key, 'min_stale')
  end
  if not high or value >= tonumber(high) then
    redis.call('HSET', key, 'max', text)
    redis.call('HDEL', key, 'max_stale')
  end
end

local function narrow(key, text)
  if (redis.call('HGET', key, 'count') or '0') == '0' then
    redis.call('HDEL', key, 'min', 'max', 'min_stale', 'max_stale')
    return
  end
  local value = tonumber(text)
  local low, high = redis.call('HGET', key, 'min'), redis.call('HGET', key, 'max')
  if low and value <= tonumber(low) then redis.call('HSET', key, 'min_stale', 1) end
  if high and value >= tonumber(high) then redis.call('HSET', key, 'max_stale', 1) end
end

local function add_capped(key, field, amount, cap)
  -- A value keeps its place for ever, at zero too, so that it never changes between its own
  -- count and the others.
  if redis.call('HEXISTS', key, field) == 0 and redis.call('HLEN', key) >= cap then
    field = OTHER
  end
  redis.call('HINCRBY', key, field, amount)
end

local function add_passing(key, minute, amount)
  -- Two days after the end of the minute's UTC day, as series.minutes_end says.
  redis.call('HINCRBY', key, minute, amount)
  redis.call('EXPIREAT', key, (math.floor(tonumber(minute) / 1440) + 3) * 86400)
end

local function take(keys, args, claims)
  -- Looks at every claim first, so that a refused call has changed nothing.
  local stored, refused = {}, false
  for claim = 1, claims do
    local at = 1 + claim * 4
    local revision = redis.call('HGET', keys[2 + tonumber(args[at])], args[at + 1]) or '0'
    stored[claim] = tonumber(revision)
    refused = refused or revision ~= args[at + 2]
  end
  if refused then return stored end
  for claim = 1, claims do
    local at = 1 + claim * 4
    redis.call('HSET', keys[2 + tonumber(args[at])], args[at + 1], args[at + 3])
  end
end

local function apply(keys, args)
  local rebuild = tonumber(redis.call('GET', keys[2]) or '0')
  local generation = redis.call('GET', keys[1]) or '0'
  if generation ~= args[1] then return {-2, rebuild, tonumber(generation)} end
  local cap, claims, offset = tonumber(args[2]), tonumber(args[3]), 2 + tonumber(args[4])
  local stored = take(keys, args, claims)
  if stored then return {0, rebuild, unpack(stored)} end
  local steps = cjson.decode(args[5 + claims * 4])
  for i = 1, #steps, 4 do
    local kind, key = steps[i], keys[offset + steps[i + 1]]
    if kind == 'i' then
      redis.call('HINCRBY', key, steps[i + 2], steps[i + 3])
    elseif kind == 'e' then
      redis.call('EXPIREAT', key, steps[i + 3])
    elseif kind == 'm' then
      add_passing(key, steps[i + 2], steps[i + 3])
    elseif kind == 'c' then
      add_capped(key, steps[i + 2], steps[i + 3], cap)
    elseif kind == '+' then
      widen(key, steps[i + 3])
    else
      narrow(key, steps[i + 3])
    end
  end
  return {1, rebuild}
end
