package io.coral.protocol.redis;

import io.coral.protocol.Origin;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Cuts one direction of a connection into RESP values.
///
/// Of a value, its type and its first strings are kept, 128 bytes each; nested values are counted,
/// not kept. Owned by one thread.
final class RespStream {
  private static final int MOST_LINE_BYTES = 64 * 1024;
  private static final int KEPT_BYTES = 128;
  private static final int KEPT_STRINGS = 5;
  private static final long MOST_VALUES = 1L << 32;

  /// Takes values, each when its last byte was seen.
  interface Listener {
    void value(Value value);

    /// Bytes were missing, or made no sense, where they were needed.
    void lost();
  }

  /// @param type its first byte; 0 for a command that is a line of words
  /// @param size how many values an aggregate has, else 1; -1 for a null
  /// @param strings the first of its strings, or of the words of a line
  /// @param cut whether bytes of those were missing
  record Value(
      char type,
      long size,
      List<String> strings,
      boolean cut,
      long bytes,
      Origin first,
      Origin last) {
    String string(int index) {
      return index < strings.size() ? strings.get(index) : "";
    }
  }

  private enum State {
    LINE,
    BULK,
    LOST
  }

  private final boolean isRequest;
  private final Listener listener;
  private final byte[] line = new byte[2 * KEPT_BYTES];
  private final byte[] text = new byte[KEPT_BYTES];
  private State state = State.LINE;
  private boolean began;
  private long position;
  private int lineLength;
  private boolean carriageReturn;
  private long bulkLeft;
  private int textLength;
  private boolean textWanted;
  private boolean textCut;

  // The value that is being read.
  private long valuesLeft;
  private boolean attributed;
  private char type;
  private long size;
  private List<String> strings = new ArrayList<>();
  private boolean cut;
  private long bytes;
  private Origin first = Origin.at(0);

  RespStream(boolean isRequest, Listener listener) {
    this.isRequest = isRequest;
    this.listener = listener;
  }

  void offer(Origin origin, long at, long totalBytes, byte[] captured) {
    if (!began) {
      began = true;
      state = at > 0 ? State.LOST : State.LINE;
    } else if (at > position) {
      skip(at - position, origin);
    } else if (at < position) {
      lose();
    }
    position = at + Math.max(totalBytes, captured.length);
    if (state == State.LOST) {
      if (!begins(captured, isRequest)) {
        return;
      }
      restart();
    }
    consume(origin, captured);
    if (totalBytes > captured.length) {
      skip(totalBytes - captured.length, origin);
    }
  }

  /// Whether bytes begin like a command, or like a reply.
  static boolean begins(byte[] bytes, boolean isRequest) {
    if (bytes.length < 3) {
      return false;
    }
    return switch (bytes[0]) {
      case '*' -> isNumber(bytes);
      case '+', '-', '(', ',' -> !isRequest && isText(bytes);
      case ':', '$', '%', '~', '>', '=', '|', '!' -> !isRequest && isNumber(bytes);
      case '_' -> !isRequest && bytes[1] == '\r' && bytes[2] == '\n';
      case '#' -> !isRequest && (bytes[1] == 't' || bytes[1] == 'f') && bytes[2] == '\r';
      default -> false;
    };
  }

  private static boolean isNumber(byte[] bytes) {
    int at = bytes[1] == '-' ? 2 : 1;
    int digits = at;
    while (at < bytes.length && bytes[at] >= '0' && bytes[at] <= '9') {
      at++;
    }
    return at > digits
        && at - digits < 20
        && (at == bytes.length
            || (bytes[at] == '\r' && (at + 1 == bytes.length || bytes[at + 1] == '\n')));
  }

  private static boolean isText(byte[] bytes) {
    for (int at = 1; at < Math.min(bytes.length, KEPT_BYTES); at++) {
      if (bytes[at] == '\r') {
        return at + 1 == bytes.length || bytes[at + 1] == '\n';
      }
      if (bytes[at] < ' ') {
        return false;
      }
    }
    return true;
  }

  private void consume(Origin origin, byte[] captured) {
    int at = 0;
    while (at < captured.length && state != State.LOST) {
      if (bytes == 0) {
        first = origin;
      }
      if (state == State.LINE) {
        bytes++;
        takeLine(captured[at++], origin);
      } else {
        int taken = (int) Math.min(bulkLeft, captured.length - at);
        if (textWanted) {
          int kept = Math.min(taken, Math.min(KEPT_BYTES - textLength, textLeft()));
          if (kept > 0) {
            System.arraycopy(captured, at, text, textLength, kept);
            textLength += kept;
          }
        }
        at += taken;
        advance(taken, origin);
      }
    }
  }

  /// Bytes of the string that are still to come, without the line's end behind it.
  private int textLeft() {
    return Math.clamp(bulkLeft - 2, 0, KEPT_BYTES);
  }

  private void advance(long count, Origin origin) {
    bytes += count;
    bulkLeft -= count;
    if (bulkLeft == 0) {
      state = State.LINE;
      lineLength = 0;
      if (textWanted) {
        strings.add(new String(text, 0, textLength, StandardCharsets.UTF_8));
        cut |= textCut;
      }
      ended(origin);
    }
  }

  private void skip(long count, Origin origin) {
    if (state == State.BULK && bulkLeft >= count) {
      textCut |= bulkLeft > 2 && textLength < KEPT_BYTES;
      advance(count, origin);
    } else if (state != State.LOST) {
      lose();
    }
  }

  private void takeLine(byte b, Origin origin) {
    if (b == '\n' && (carriageReturn || lineIsWords())) {
      int length =
          Math.min(lineLength, line.length) - (carriageReturn && lineLength <= line.length ? 1 : 0);
      lineLength = 0;
      carriageReturn = false;
      line(length, origin);
      return;
    }
    carriageReturn = b == '\r';
    if (lineLength < line.length) {
      line[lineLength] = b;
    }
    if (++lineLength > MOST_LINE_BYTES) {
      lose();
    }
  }

  private boolean lineIsWords() {
    return isRequest && valuesLeft == 0 && lineLength > 0 && line[0] >= 'A';
  }

  private void line(int length, Origin origin) {
    if (length <= 0) {
      if (valuesLeft == 0 && isRequest) {
        // Servers take empty lines between commands.
        restart();
      } else {
        lose();
      }
      return;
    }
    char kind = (char) (line[0] & 0xff);
    if (valuesLeft == 0 && isRequest && kind != '*') {
      words(length, origin);
      return;
    }
    // Behind the attributes of a value comes the value.
    boolean isWhole = valuesLeft == 0 || (attributed && valuesLeft == 1);
    if (isWhole) {
      valuesLeft = 1;
      attributed = kind == '|';
      type = kind;
      size = 1;
      strings.clear();
    }
    switch (kind) {
      case '+', '-', '(', ',', ':', '#', '_' -> {
        if (strings.size() < KEPT_STRINGS) {
          int kept = Math.min(length - 1, KEPT_BYTES);
          strings.add(new String(line, 1, kept, StandardCharsets.UTF_8));
        }
        if (isWhole && kind == '_') {
          size = -1;
        }
        ended(origin);
      }
      case '$', '=', '!' -> bulk(number(length), isWhole, origin);
      case '*', '~', '>', '%', '|' -> aggregate(kind, number(length), isWhole, origin);
      default -> lose();
    }
  }

  private void bulk(long count, boolean isWhole, Origin origin) {
    if (count < 0) {
      if (count < -1) {
        lose();
        return;
      }
      if (isWhole) {
        size = -1;
      }
      ended(origin);
      return;
    }
    state = State.BULK;
    bulkLeft = count + 2;
    textLength = 0;
    textCut = false;
    textWanted = strings.size() < KEPT_STRINGS;
  }

  private void aggregate(char kind, long count, boolean isWhole, Origin origin) {
    if (count < -1 || count > MOST_VALUES) {
      lose();
      return;
    }
    if (isWhole) {
      size = count;
    }
    // What has attributes is not ended by them.
    long parts = Math.max(0, count) * (kind == '%' || kind == '|' ? 2 : 1);
    valuesLeft += parts;
    if (valuesLeft > MOST_VALUES) {
      lose();
    } else if (kind != '|') {
      ended(origin);
    }
  }

  /// @return [Long#MIN_VALUE] when it is none
  private long number(int length) {
    int at = 1;
    boolean negative = length > 1 && line[1] == '-';
    if (negative) {
      at++;
    }
    if (at >= length || length - at > 18) {
      return Long.MIN_VALUE;
    }
    long value = 0;
    for (; at < length; at++) {
      int digit = line[at] - '0';
      if (digit < 0 || digit > 9) {
        return Long.MIN_VALUE;
      }
      value = value * 10 + digit;
    }
    return negative ? -value : value;
  }

  /// A command as people type it.
  private void words(int length, Origin origin) {
    String words = new String(line, 0, length, StandardCharsets.UTF_8).strip();
    for (String word : words.split("[ \t]+", KEPT_STRINGS + 1)) {
      if (strings.size() < KEPT_STRINGS) {
        strings.add(word.length() > KEPT_BYTES ? word.substring(0, KEPT_BYTES) : word);
      }
    }
    for (int i = 0; i < length; i++) {
      if (line[i] < ' ' && line[i] != '\t') {
        lose();
        return;
      }
    }
    type = 0;
    size = strings.size();
    end(origin);
  }

  private void ended(Origin origin) {
    valuesLeft--;
    if (valuesLeft == 0) {
      end(origin);
    }
  }

  private void end(Origin origin) {
    Value value = new Value(type, size, List.copyOf(strings), cut, bytes, first, origin);
    restart();
    listener.value(value);
  }

  private void restart() {
    state = State.LINE;
    lineLength = 0;
    carriageReturn = false;
    valuesLeft = 0;
    strings = new ArrayList<>(KEPT_STRINGS);
    cut = false;
    bytes = 0;
    attributed = false;
  }

  private void lose() {
    restart();
    state = State.LOST;
    listener.lost();
  }
}
