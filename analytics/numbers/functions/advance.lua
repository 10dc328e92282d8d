-- Moves sessions from the marks that are counted to other ones: all of a call, exactly once, or none.
--
-- KEYS  guard, running rebuild, buckets of counted sessions…
-- ARGV  generation, prefix of the counters' keys, number of sessions per bucket,
--       as JSON of each key: its name, when it expires in seconds since 1970 or 0, the names of its
--       counters and their amounts;
--       then, bucket by bucket, the ids (12 bytes each), all expected marks ('' for none), all target marks
-- The counters' keys are made of the prefix, which carries the hash tag of the declared ones.
--
-- Answers {status, generation being rebuilt or 0, …} as `apply` does; refused, the mark of each session
-- follows that is counted.

local HEAD = 4

local function take(keys, args)
  -- Looks at every session first, so that a refused call has changed nothing.
  local count, refused = (#args - HEAD) / 3, false
  local stored, changes, n = {}, {}, 0
  for size in string.gmatch(args[3], '%d+') do
    local bucket, change = keys[3 + #changes], {}
    local marks = redis.call('HMGET', bucket, unpack(args, HEAD + n + 1, HEAD + n + size))
    for i = 1, #marks do
      local at = HEAD + n + i
      stored[n + i] = marks[i] or ''
      refused = refused or stored[n + i] ~= args[at + count]
      change[2 * i - 1], change[2 * i] = args[at], args[at + 2 * count]
    end
    n = n + #marks
    changes[#changes + 1] = change
  end
  if refused then return stored end
  for bucket = 1, #changes do redis.call('HSET', keys[2 + bucket], unpack(changes[bucket])) end
end

local function advance(keys, args)
  local rebuild = tonumber(redis.call('GET', keys[2]) or '0')
  local generation = redis.call('GET', keys[1]) or '0'
  if generation ~= args[1] then return {-2, rebuild, tonumber(generation)} end
  local stored = take(keys, args)
  if stored then return {0, rebuild, unpack(stored)} end
  for _, step in ipairs(cjson.decode(args[4])) do
    local name, expires_at, names, amounts = unpack(step)
    for i = 1, #names do redis.call('HINCRBY', args[2] .. name, names[i], amounts[i]) end
    if expires_at > 0 then redis.call('EXPIREAT', args[2] .. name, expires_at) end
  end
  return {1, rebuild}
end
