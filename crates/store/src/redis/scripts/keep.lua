-- Keeps a token for a session that has none, and answers the one it has now.
--
-- KEYS  1 the session's token
-- ARGV  1 a token   2 seconds until it is forgotten unused
local token = redis.call('GET', KEYS[1])
if token then
  redis.call('EXPIRE', KEYS[1], ARGV[2])
  return token
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return ARGV[1]
