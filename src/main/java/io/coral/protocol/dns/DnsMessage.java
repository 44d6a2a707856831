package io.coral.protocol.dns;

import io.coral.protocol.Bytes;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The head and the question of a message.
///
/// @param name lower case, without the last dot, at most 255 characters; `.` is the root
/// @param answers how many records answer
record DnsMessage(
    int id, boolean isResponse, int responseCode, int type, String name, int answers) {
  private static final int HEADER = 12;
  private static final int LONGEST_NAME = 255;
  private static final int MOST_RECORDS = 4_096;
  private static final String[] CODES = {
    "NOERROR",
    "FORMERR",
    "SERVFAIL",
    "NXDOMAIN",
    "NOTIMP",
    "REFUSED",
    "YXDOMAIN",
    "YXRRSET",
    "NXRRSET",
    "NOTAUTH",
    "NOTZONE"
  };

  /// Reads a message, null when these bytes are none.
  static @Nullable DnsMessage read(byte[] bytes, int from, int to) {
    if (to - from < HEADER + 5) {
      return null;
    }
    Bytes head = new Bytes(bytes, from, to);
    int id = head.u16();
    int flags = head.u16();
    int questions = head.u16();
    int answers = head.u16();
    int others = Math.max(head.u16(), head.u16());
    boolean isResponse = flags >> 15 == 1;
    int opcode = flags >> 11 & 15;
    if (questions != 1
        || opcode > 6
        || opcode == 3
        || (flags & 0x40) != 0
        || (!isResponse && (answers > 1 || (flags & 0xf) != 0))
        || Math.max(answers, others) > MOST_RECORDS) {
      return null;
    }
    String name = name(head);
    int type = head.u16();
    int dnsClass = head.u16() & 0x7fff;
    if (name == null || head.missing() || type == 0 || dnsClass > 255 || dnsClass == 0) {
      return null;
    }
    return new DnsMessage(id, isResponse, flags & 15, type, name, answers);
  }

  private static @Nullable String name(Bytes head) {
    StringBuilder name = new StringBuilder();
    for (int length = head.u8(); length > 0; length = head.u8()) {
      if (length > 63 || name.length() + length > LONGEST_NAME || head.left() < length) {
        return null;
      }
      if (!name.isEmpty()) {
        name.append('.');
      }
      for (int i = 0; i < length; i++) {
        int c = head.u8();
        // Names may be any bytes; those in use are not.
        if (c <= ' ' || c >= 0x7f) {
          return null;
        }
        name.append((char) c);
      }
    }
    return name.isEmpty() ? "." : name.toString().toLowerCase(Locale.ROOT);
  }

  String typeName() {
    return switch (type) {
      case 1 -> "A";
      case 2 -> "NS";
      case 5 -> "CNAME";
      case 6 -> "SOA";
      case 12 -> "PTR";
      case 13 -> "HINFO";
      case 15 -> "MX";
      case 16 -> "TXT";
      case 28 -> "AAAA";
      case 33 -> "SRV";
      case 35 -> "NAPTR";
      case 43 -> "DS";
      case 48 -> "DNSKEY";
      case 64 -> "SVCB";
      case 65 -> "HTTPS";
      case 251 -> "IXFR";
      case 252 -> "AXFR";
      case 255 -> "ANY";
      case 257 -> "CAA";
      default -> "TYPE" + type;
    };
  }

  String codeName() {
    return responseCode < CODES.length ? CODES[responseCode] : "RCODE" + responseCode;
  }
}
