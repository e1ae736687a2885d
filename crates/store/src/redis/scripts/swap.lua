-- Replaces the keyring if it is still the one that the caller has read.
--
-- KEYS  1 the keyring
-- ARGV  1 the new keyring   2 the one it replaces; none at all if there must be none
-- Answers 1, or 0 if somebody else was first.
local present = redis.call('GET', KEYS[1])
if present ~= (ARGV[2] or false) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1])
return 1
