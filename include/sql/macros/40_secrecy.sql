-- Keyed hash of an identifier: HMAC-SHA256 (RFC 2104) by two sha256 over blobs, the first 32 hexadecimal digits (128
-- bits) of it.
-- key_inner and key_outer are the 64-byte pads, key xor 0x36.. and key xor 0x5c.., from auyl.identifiers.hmac_pads.
-- The text is hashed as UTF-8. NULL gives NULL. Bind the pads as parameters; never write them into a query's text.
create or replace macro keyed_hash(t, key_inner, key_outer) as
    left(sha256(key_outer || unhex(sha256(key_inner || encode(t)))), 32);
