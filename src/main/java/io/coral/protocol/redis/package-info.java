/// Redis, RESP2 and RESP3, also as Valkey and KeyDB speak it.
///
/// [io.coral.protocol.redis.RespStream] cuts one direction into commands or replies;
/// [io.coral.protocol.redis.RedisParser] pairs them.
@NullMarked
package io.coral.protocol.redis;

import org.jspecify.annotations.NullMarked;
