-- Moves one response from the revision that is counted to another one, once or not at all, and lets
-- what it adds and takes away wait in its form's text, behind all that waits already.
--
-- KEYS  guard, running rebuild, bucket of applied revisions, text of what waits
-- ARGV  generation, id (12 bytes), expected revision, target revision, what is to wait
--
-- Answers {status, generation being rebuilt or 0, …} as `apply` does; applied, the length of the text
-- follows.

local function wait(keys, args)
  local live = redis.call('MGET', keys[1], keys[2])
  local rebuild, generation = tonumber(live[2] or 0), live[1] or '0'
  if generation ~= args[1] then return {-2, rebuild, tonumber(generation)} end
  if args[3] == '0' then
    if redis.call('HSETNX', keys[3], args[2], args[4]) == 0 then
      return {0, rebuild, tonumber(redis.call('HGET', keys[3], args[2]))}
    end
  else
    local revision = redis.call('HGET', keys[3], args[2]) or '0'
    if revision ~= args[3] then return {0, rebuild, tonumber(revision)} end
    redis.call('HSET', keys[3], args[2], args[4])
  end
  return {1, rebuild, redis.call('APPEND', keys[4], args[5])}
end
