package io.coral.protocol.http2;

import io.coral.protocol.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads the header blocks of one direction.
///
/// Entries count from the newest on, so what was added since the capture began is known, whatever
/// was there before. Values of other headers than those that are wanted are not kept. Owned by one
/// thread; holds at most 1,024 entries.
final class HeaderTable {
  private static final int MOST_ENTRIES = 1_024;
  private static final int LONGEST_VALUE = 2_048;
  private static final int LONGEST_NAME = 256;

  static final Set<String> WANTED =
      Set.of(
          ":method",
          ":path",
          ":authority",
          ":status",
          "content-type",
          "grpc-status",
          "host",
          "traceparent");

  private static final String[] STATIC = {
    ":authority",
    "",
    ":method",
    "GET",
    ":method",
    "POST",
    ":path",
    "/",
    ":path",
    "/index.html",
    ":scheme",
    "http",
    ":scheme",
    "https",
    ":status",
    "200",
    ":status",
    "204",
    ":status",
    "206",
    ":status",
    "304",
    ":status",
    "400",
    ":status",
    "404",
    ":status",
    "500",
    "accept-charset",
    "",
    "accept-encoding",
    "gzip, deflate",
    "accept-language",
    "",
    "accept-ranges",
    "",
    "accept",
    "",
    "access-control-allow-origin",
    "",
    "age",
    "",
    "allow",
    "",
    "authorization",
    "",
    "cache-control",
    "",
    "content-disposition",
    "",
    "content-encoding",
    "",
    "content-language",
    "",
    "content-length",
    "",
    "content-location",
    "",
    "content-range",
    "",
    "content-type",
    "",
    "cookie",
    "",
    "date",
    "",
    "etag",
    "",
    "expect",
    "",
    "expires",
    "",
    "from",
    "",
    "host",
    "",
    "if-match",
    "",
    "if-modified-since",
    "",
    "if-none-match",
    "",
    "if-range",
    "",
    "if-unmodified-since",
    "",
    "last-modified",
    "",
    "link",
    "",
    "location",
    "",
    "max-forwards",
    "",
    "proxy-authenticate",
    "",
    "proxy-authorization",
    "",
    "range",
    "",
    "referer",
    "",
    "refresh",
    "",
    "retry-after",
    "",
    "server",
    "",
    "set-cookie",
    "",
    "strict-transport-security",
    "",
    "transfer-encoding",
    "",
    "user-agent",
    "",
    "vary",
    "",
    "via",
    "",
    "www-authenticate",
    ""
  };
  private static final int STATIC_ENTRIES = STATIC.length / 2;

  /// A header. Both parts may be unknown.
  ///
  /// @param value null also of headers that are not wanted
  record Header(@Nullable String name, @Nullable String value) {}

  private static final Header UNKNOWN = new Header(null, null);

  /// Oldest first.
  private final ArrayList<Header> entries = new ArrayList<>();

  /// Reads a block.
  ///
  /// @param isWhole whether all of its bytes are there
  /// @return its headers as far as they are there, null when it is no block
  @Nullable List<Header> read(byte[] bytes, int from, int to, boolean isWhole) {
    List<Header> headers = new ArrayList<>();
    Bytes block = new Bytes(bytes, from, to);
    while (block.left() > 0) {
      int first = block.peek();
      Header header;
      if ((first & 0x80) != 0) {
        long index = number(block, 7);
        header = index == 0 ? null : entry(index);
      } else if ((first & 0xe0) == 0x20) {
        // A size: entries that go were the oldest.
        number(block, 5);
        continue;
      } else {
        boolean adds = (first & 0x40) != 0;
        long index = number(block, adds ? 6 : 4);
        Header named = index == 0 ? null : entry(index);
        String name = index == 0 ? text(block, bytes, LONGEST_NAME) : null;
        if (named != null) {
          name = named.name;
        }
        boolean isWanted = name == null || WANTED.contains(name);
        String value = isWanted ? text(block, bytes, LONGEST_VALUE) : skipped(block);
        header = block.missing() || (index == 0 && name == null) ? null : new Header(name, value);
        if (header != null && adds) {
          add(header);
        }
      }
      if (block.missing() && !isWhole) {
        break;
      }
      if (header == null || block.missing()) {
        forget();
        return null;
      }
      headers.add(header);
    }
    if (!isWhole) {
      forget();
    }
    return headers;
  }

  /// Whether bytes could be a block as a whole; nothing is changed.
  static boolean isBlock(byte[] bytes, int from, int to) {
    List<Header> headers = new HeaderTable().read(bytes, from, to, true);
    return headers != null
        && !headers.isEmpty()
        && headers.stream()
            .allMatch(
                each -> each.name() == null || each.name().chars().allMatch(HeaderTable::fits));
  }

  private static boolean fits(int c) {
    return c > ' ' && c < 0x7f && (c < 'A' || c > 'Z');
  }

  /// What was added is not known any more.
  void forget() {
    entries.clear();
  }

  private void add(Header header) {
    entries.add(header);
    if (entries.size() > MOST_ENTRIES) {
      entries.subList(0, MOST_ENTRIES / 4).clear();
    }
  }

  /// @return null when there can be no such entry
  private @Nullable Header entry(long index) {
    if (index <= STATIC_ENTRIES) {
      int at = (int) (index - 1) * 2;
      return new Header(STATIC[at], STATIC[at + 1]);
    }
    long back = index - STATIC_ENTRIES;
    if (back > 1 << 16) {
      return null;
    }
    return back <= entries.size() ? entries.get(entries.size() - (int) back) : UNKNOWN;
  }

  /// A number whose first byte has some bits for it.
  private static long number(Bytes block, int bits) {
    int most = (1 << bits) - 1;
    long value = block.u8() & most;
    if (value < most) {
      return value;
    }
    for (int shift = 0; shift <= 28; shift += 7) {
      int next = block.u8();
      value += (long) (next & 0x7f) << shift;
      if (next < 0x80) {
        return value;
      }
    }
    block.skip(Long.MAX_VALUE);
    return 0;
  }

  /// @return null when it is no text; empty, with bytes missing, when it is not there
  private static @Nullable String text(Bytes block, byte[] bytes, int longest) {
    boolean isHuffman = (block.peek() & 0x80) != 0;
    long length = number(block, 7);
    int from = block.position();
    block.skip(length);
    if (block.missing()) {
      return null;
    }
    int to = from + (int) Math.min(length, longest);
    boolean isCut = length > longest;
    if (!isHuffman) {
      return new String(bytes, from, to - from, StandardCharsets.UTF_8);
    }
    return isCut ? null : Huffman.decode(bytes, from, to);
  }

  private static @Nullable String skipped(Bytes block) {
    block.skip(number(block, 7));
    return null;
  }
}
