-- Moves responses from the revisions that are counted to other ones: all of a call, exactly once,
-- or none.
--
-- KEYS  guard, running rebuild, buckets of applied revisions…
-- ARGV  prefix of the counters' keys, generation, cap,
--       number of ids per bucket, ids (12 bytes each, bucket by bucket),
--       expected revisions, target revisions: each one number for all, or a list with commas,
--       steps: each part with \31 after it: kind, key, number of counters, their names, their amounts,
--       and, of steps that what waits comes to: how often that was taken before, how long it is
-- Kinds: i add
--        p add, and let the key expire at the second that follows the amounts
--        c add; what is new beyond `cap` names goes to "\0other"
--        d add to a HyperLogLog; no amounts follow
--        n add numbers; then follow the smallest and largest that came, and that went, or ""
-- The counters' keys are made of the prefix, which carries the hash tag of the declared ones.
-- Amounts of a call of up to a million responses are such as a double holds exactly.
--
-- Answers {status, generation being rebuilt or 0, …}:
--   1  applied
--   0  refused: then follows, for each id, the revision that is counted
--  -2  another generation is live: then follows its number
--  -3  what waits must be taken first, for it may hold what is taken away; or somebody else took it

local OTHER = '\0other'
local EXACT = 2 ^ 52
local MANY, SLICE = 10, 1000
local WAITING, TAKEN = 'waiting', 'taken'

local function add_slice(key, args, first, last, count, add_new)
  -- Two commands for many counters; what a double might not hold exactly is left to the server.
  local stored, changed, n = redis.call('HMGET', key, unpack(args, first, last)), {}, 0
  for i = first, last do
    local before = stored[i - first + 1]
    local sum = tonumber(before or 0) + tonumber(args[i + count])
    if add_new and not before then
      add_new(key, args[i], args[i + count])
    elseif sum > -EXACT and sum < EXACT then
      changed[n + 1], changed[n + 2], n = args[i], sum, n + 2
    else
      redis.call('HINCRBY', key, args[i], args[i + count])
    end
  end
  if n > 0 then redis.call('HSET', key, unpack(changed)) end
end

local function add_one(key, name, amount) redis.call('HINCRBY', key, name, amount) end

local function add(key, args, first, count, add_new)
  -- `add_new` adds a counter that may not be there yet; without it, they are all alike.
  local last = first + count - 1
  if count < MANY then
    for i = first, last do (add_new or add_one)(key, args[i], args[i + count]) end
    return
  end
  for from = first, last, SLICE do
    add_slice(key, args, from, math.min(from + SLICE - 1, last), count, add_new)
  end
end

local function value_adder(cap)
  return function(key, name, amount)
    -- A value keeps its place for ever, at zero too, so that it never changes between its own
    -- count and the others. One that comes to its amount was at zero, or is new.
    if redis.call('HINCRBY', key, name, amount) ~= tonumber(amount) then return end
    local beyond = redis.call('HLEN', key) - cap
    if beyond > 1 or beyond == 1 and redis.call('HEXISTS', key, OTHER) == 0 then
      redis.call('HDEL', key, name)
      redis.call('HINCRBY', key, OTHER, amount)
    end
  end
end

local function move_end(key, name, stored, stale, added, gone, sign)
  -- The smallest number (sign 1), or the largest (sign -1).
  local value = stored and sign * tonumber(stored)
  local new = added ~= '' and sign * tonumber(added)
  if new and (not value or new < value or stale and new == value) then
    redis.call('HSET', key, name, added)
    if stale then redis.call('HDEL', key, name .. '_stale') end
    value, stale = new, false
  end
  if gone ~= '' and value and not stale and sign * tonumber(gone) <= value then
    redis.call('HSET', key, name .. '_stale', 1)
  end
end

local function add_numbers(key, args, first, count)
  add(key, args, first, count)
  local low, high, gone_low, gone_high = unpack(args, first + 2 * count, first + 2 * count + 3)
  local stored = redis.call('HMGET', key, 'min', 'min_stale', 'max', 'max_stale', 'count')
  if gone_low ~= '' and (stored[5] or '0') == '0' then
    redis.call('HDEL', key, 'min', 'min_stale', 'max', 'max_stale')
  else
    move_end(key, 'min', stored[1], stored[2], low, gone_low, 1)
    move_end(key, 'max', stored[3], stored[4], high, gone_high, -1)
  end
end

local function add_distinct(key, args, first, count)
  for from = first, first + count - 1, SLICE do
    redis.call('PFADD', key, unpack(args, from, math.min(from + SLICE, first + count) - 1))
  end
end

local function parts_of(text)
  local parts, n = {}, 0
  for part in string.gmatch(text, '([^\31]*)\31') do
    n = n + 1
    parts[n] = part
  end
  return parts
end

local function make_steps(args, prefix, cap)
  local at, add_new = 1, value_adder(cap)
  while args[at] do
    local kind, key, first, count = args[at], prefix .. args[at + 1], at + 3, tonumber(args[at + 2])
    at = first + 2 * count
    if kind == 'i' then
      add(key, args, first, count)
    elseif kind == 'c' then
      add(key, args, first, count, add_new)
    elseif kind == 'd' then
      add_distinct(key, args, first, count)
      at = first + count
    elseif kind == 'n' then
      add_numbers(key, args, first, count)
      at = at + 4
    else
      add(key, args, first, count)
      redis.call('EXPIREAT', key, args[at])
      at = at + 1
    end
  end
end

local function revisions_of(text)
  -- For each id, by its place; one number stands for all.
  if not string.find(text, ',', 1, true) then
    return setmetatable({}, {__index = function() return text end})
  end
  local found = {}
  for revision in string.gmatch(text, '%d+') do found[#found + 1] = revision end
  return found
end

local function take(keys, args)
  -- Looks at every claim first, so that a refused call has changed nothing.
  local ids, expected, target = args[5], revisions_of(args[6]), revisions_of(args[7])
  local stored, changes, refused, n = {}, {}, false, 0
  for size in string.gmatch(args[4], '%d+') do
    local some, change = {}, {}
    for i = 1, tonumber(size) do
      some[i] = string.sub(ids, (n + i) * 12 - 11, (n + i) * 12)
    end
    local bucket = keys[3 + #changes]
    local revisions = redis.call('HMGET', bucket, unpack(some))
    for i = 1, #some do
      n = n + 1
      local revision = revisions[i] or '0'
      stored[n] = tonumber(revision)
      refused = refused or revision ~= expected[n]
      change[2 * i - 1], change[2 * i] = some[i], target[n]
    end
    changes[#changes + 1] = change
  end
  if refused then return stored end
  for bucket = 1, #changes do redis.call('HSET', keys[2 + bucket], unpack(changes[bucket])) end
end

local function leave_waiting(prefix, taken, length)
  -- Without the steps that are made now; false where they are not the first ones any more.
  if (redis.call('GET', prefix .. TAKEN) or '0') ~= taken then return false end
  local text = redis.call('GET', prefix .. WAITING) or ''
  if #text < length then return false end
  redis.call('INCR', prefix .. TAKEN)
  if #text == length then
    redis.call('DEL', prefix .. WAITING)
  else
    redis.call('SET', prefix .. WAITING, string.sub(text, length + 1))
  end
  return true
end

local function is_in_turn(args)
  if args[9] then return leave_waiting(args[1], args[9], tonumber(args[10])) end
  return args[6] == '0' or redis.call('STRLEN', args[1] .. WAITING) == 0
end

local function apply(keys, args)
  local live = redis.call('MGET', keys[1], keys[2])
  local rebuild = tonumber(live[2] or 0)
  if (live[1] or '0') ~= args[2] then return {-2, rebuild, tonumber(live[1] or 0)} end
  if not is_in_turn(args) then return {-3, rebuild} end
  local stored = take(keys, args)
  if stored then return {0, rebuild, unpack(stored)} end
  make_steps(parts_of(args[8]), args[1], tonumber(args[3]))
  return {1, rebuild}
end
