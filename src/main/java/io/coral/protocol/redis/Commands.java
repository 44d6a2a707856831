package io.coral.protocol.redis;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;

/// What is known of commands: which have a name of their own behind them, where their key is, and
/// which wait.
final class Commands {
  private static final int LONGEST = 24;

  private static final Set<String> WITH_SUBCOMMAND =
      Set.of(
          "ACL",
          "CLIENT",
          "CLUSTER",
          "COMMAND",
          "CONFIG",
          "DEBUG",
          "FUNCTION",
          "LATENCY",
          "MEMORY",
          "MODULE",
          "OBJECT",
          "PUBSUB",
          "SCRIPT",
          "SLOWLOG",
          "XGROUP",
          "XINFO");

  /// Key or channel behind the name. Of other commands nothing is kept but their name.
  private static final Set<String> KEY_FIRST =
      Set.of(
          "APPEND",
          "BITCOUNT",
          "BITFIELD",
          "BITFIELD_RO",
          "BITPOS",
          "BLMOVE",
          "BLPOP",
          "BRPOP",
          "BRPOPLPUSH",
          "BZPOPMAX",
          "BZPOPMIN",
          "COPY",
          "DECR",
          "DECRBY",
          "DEL",
          "DUMP",
          "EXISTS",
          "EXPIRE",
          "EXPIREAT",
          "EXPIRETIME",
          "GEOADD",
          "GEODIST",
          "GEOHASH",
          "GEOPOS",
          "GEORADIUS",
          "GEORADIUSBYMEMBER",
          "GEOSEARCH",
          "GEOSEARCHSTORE",
          "GET",
          "GETBIT",
          "GETDEL",
          "GETEX",
          "GETRANGE",
          "GETSET",
          "HDEL",
          "HEXISTS",
          "HEXPIRE",
          "HGET",
          "HGETALL",
          "HGETDEL",
          "HGETEX",
          "HINCRBY",
          "HINCRBYFLOAT",
          "HKEYS",
          "HLEN",
          "HMGET",
          "HMSET",
          "HPERSIST",
          "HPEXPIRE",
          "HPTTL",
          "HRANDFIELD",
          "HSCAN",
          "HSET",
          "HSETEX",
          "HSETNX",
          "HSTRLEN",
          "HTTL",
          "HVALS",
          "INCR",
          "INCRBY",
          "INCRBYFLOAT",
          "LINDEX",
          "LINSERT",
          "LLEN",
          "LMOVE",
          "LPOP",
          "LPOS",
          "LPUSH",
          "LPUSHX",
          "LRANGE",
          "LREM",
          "LSET",
          "LTRIM",
          "MGET",
          "MOVE",
          "MSET",
          "MSETNX",
          "PERSIST",
          "PEXPIRE",
          "PEXPIREAT",
          "PEXPIRETIME",
          "PFADD",
          "PFCOUNT",
          "PFMERGE",
          "PSETEX",
          "PSUBSCRIBE",
          "PTTL",
          "PUBLISH",
          "RENAME",
          "RENAMENX",
          "RESTORE",
          "RPOP",
          "RPOPLPUSH",
          "RPUSH",
          "RPUSHX",
          "SADD",
          "SCARD",
          "SDIFF",
          "SDIFFSTORE",
          "SET",
          "SETBIT",
          "SETEX",
          "SETNX",
          "SETRANGE",
          "SINTER",
          "SINTERSTORE",
          "SISMEMBER",
          "SMEMBERS",
          "SMISMEMBER",
          "SMOVE",
          "SORT",
          "SORT_RO",
          "SPOP",
          "SPUBLISH",
          "SRANDMEMBER",
          "SREM",
          "SSCAN",
          "SSUBSCRIBE",
          "STRLEN",
          "SUBSCRIBE",
          "SUBSTR",
          "SUNION",
          "SUNIONSTORE",
          "TOUCH",
          "TTL",
          "TYPE",
          "UNLINK",
          "WATCH",
          "XACK",
          "XADD",
          "XAUTOCLAIM",
          "XCLAIM",
          "XDEL",
          "XLEN",
          "XPENDING",
          "XRANGE",
          "XREVRANGE",
          "XTRIM",
          "ZADD",
          "ZCARD",
          "ZCOUNT",
          "ZDIFFSTORE",
          "ZINCRBY",
          "ZINTERSTORE",
          "ZLEXCOUNT",
          "ZMSCORE",
          "ZPOPMAX",
          "ZPOPMIN",
          "ZRANDMEMBER",
          "ZRANGE",
          "ZRANGEBYLEX",
          "ZRANGEBYSCORE",
          "ZRANGESTORE",
          "ZRANK",
          "ZREM",
          "ZREMRANGEBYLEX",
          "ZREMRANGEBYRANK",
          "ZREMRANGEBYSCORE",
          "ZREVRANGE",
          "ZREVRANGEBYLEX",
          "ZREVRANGEBYSCORE",
          "ZREVRANK",
          "ZSCAN",
          "ZSCORE",
          "ZUNIONSTORE");

  private static final Set<String> WAITING =
      Set.of(
          "BLMOVE",
          "BLMPOP",
          "BLPOP",
          "BRPOP",
          "BRPOPLPUSH",
          "BZMPOP",
          "BZPOPMAX",
          "BZPOPMIN",
          "WAIT",
          "WAITAOF");

  private static final Set<String> WITHOUT_KEY =
      Set.of("AUTH", "ECHO", "EXEC", "HELLO", "INFO", "MULTI", "PING", "QUIT", "SELECT");

  private Commands() {}

  /// Whether bytes begin with a command as people type it: a word that is one, and behind it a
  /// space or the end of the line.
  static boolean isTyped(byte[] bytes) {
    int end = 0;
    while (end < Math.min(bytes.length, LONGEST) && Character.isLetter(bytes[end])) {
      end++;
    }
    if (end == 0 || end == bytes.length || " \r\n".indexOf(bytes[end]) < 0) {
      return false;
    }
    String word = name(new String(bytes, 0, end, StandardCharsets.US_ASCII));
    return KEY_FIRST.contains(word) || WITHOUT_KEY.contains(word);
  }

  /// The name of a command, with that of its second word where that is a name, too.
  ///
  /// @return `?` when it is no name
  static String operation(RespStream.Value command) {
    String name = name(command.string(0));
    if (WITH_SUBCOMMAND.contains(name) && command.strings().size() > 1) {
      String second = name(command.string(1));
      return second.equals("?") ? name : name + " " + second;
    }
    return name;
  }

  private static String name(String word) {
    if (word.isEmpty() || word.length() > LONGEST) {
      return "?";
    }
    for (int i = 0; i < word.length(); i++) {
      char c = word.charAt(i);
      boolean fits =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (i > 0 && (c == '_' || c == '.' || c == '-' || (c >= '0' && c <= '9')));
      if (!fits) {
        return "?";
      }
    }
    return word.toUpperCase(Locale.ROOT);
  }

  /// The pattern of the first key, empty when the command has none, or where it is is not known.
  static String target(String operation, RespStream.Value command) {
    return KEY_FIRST.contains(operation) && command.strings().size() > 1
        ? KeyPattern.of(command.string(1))
        : "";
  }

  /// Whether a command waits until there is something to answer.
  static boolean waits(String operation, RespStream.Value command) {
    if (WAITING.contains(operation)) {
      return true;
    }
    return (operation.equals("XREAD") || operation.equals("XREADGROUP"))
        && command.strings().stream().anyMatch("BLOCK"::equalsIgnoreCase);
  }

  static boolean subscribes(String operation) {
    return operation.equals("SUBSCRIBE")
        || operation.equals("PSUBSCRIBE")
        || operation.equals("SSUBSCRIBE");
  }

  static boolean unsubscribes(String operation) {
    return operation.equals("UNSUBSCRIBE")
        || operation.equals("PUNSUBSCRIBE")
        || operation.equals("SUNSUBSCRIBE");
  }
}
