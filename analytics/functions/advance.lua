-- Moves a session from the mark that is counted to another one: whole, once, or not at all.
--
-- KEYS  guard, running rebuild, bucket of counted sessions, counters…
-- ARGV  generation, session id (12 bytes), expected mark ('' for none), target mark,
--       then, as JSON: of each step the numbers of its keys, and what to add to each of them (names,
--       amounts); of each key that expires its number and when, in seconds since 1970
--
-- Answers {status, generation being rebuilt or 0, …} as `apply` does; refused, the mark that is
-- counted follows.

local function advance(keys, args)
  local rebuild = tonumber(redis.call('GET', keys[2]) or '0')
  local generation = redis.call('GET', keys[1]) or '0'
  if generation ~= args[1] then return {-2, rebuild, tonumber(generation)} end
  local mark = redis.call('HGET', keys[3], args[2]) or ''
  if mark ~= args[3] then return {0, rebuild, mark} end
  redis.call('HSET', keys[3], args[2], args[4])
  for _, step in ipairs(cjson.decode(args[5])) do
    local places, names, amounts = unpack(step)
    for _, place in ipairs(places) do
      for i = 1, #names do redis.call('HINCRBY', keys[3 + place], names[i], amounts[i]) end
    end
  end
  for _, expiry in ipairs(cjson.decode(args[6])) do
    redis.call('EXPIREAT', keys[3 + expiry[1]], expiry[2])
  end
  return {1, rebuild}
end
