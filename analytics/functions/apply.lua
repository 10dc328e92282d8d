-- Moves one response from the revision that is counted to another one, exactly once.
--
-- KEYS  guard, running rebuild, applied revisions, counters…
-- ARGV  generation, response id (12 bytes), expected revision, target revision, cap,
--       then for each step: kind, number of its counter, field, amount
-- Kinds: i add   c add, beyond `cap` values to "\0other"   + widen min and max   - take away
--
-- Answers {status, stored revision or live generation, generation being rebuilt or 0}.
-- Status: 1 applied   0 counted before   -1 another revision is counted   -2 another generation

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

local function apply(keys, args)
  local rebuild = tonumber(redis.call('GET', keys[2]) or '0')
  local generation = redis.call('GET', keys[1]) or '0'
  if generation ~= args[1] then return {-2, tonumber(generation), rebuild} end
  local stored = tonumber(redis.call('HGET', keys[3], args[2]) or '0')
  if stored >= tonumber(args[4]) then return {0, stored, rebuild} end
  if stored ~= tonumber(args[3]) then return {-1, stored, rebuild} end
  redis.call('HSET', keys[3], args[2], args[4])
  local cap = tonumber(args[5])
  for i = 6, #args, 4 do
    local kind, key = args[i], keys[3 + tonumber(args[i + 1])]
    if kind == 'i' then
      redis.call('HINCRBY', key, args[i + 2], args[i + 3])
    elseif kind == 'c' then
      add_capped(key, args[i + 2], args[i + 3], cap)
    elseif kind == '+' then
      widen(key, args[i + 3])
    else
      narrow(key, args[i + 3])
    end
  end
  return {1, tonumber(args[4]), rebuild}
end
