-- The keeper shows half codes as lists, one mark a living version of the key; the function of one mark each serves that one alone.
SET LOCAL ROLE gatekeeper;

REVOKE ALL ON FUNCTION accounts.invited(bytea, bytea) FROM keeper;

SET LOCAL ROLE owner;
