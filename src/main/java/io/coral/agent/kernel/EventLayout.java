package io.coral.agent.kernel;

/// Offsets of the records in `src/main/c/event.h`, in bytes. EventLayoutTest compares them with the
/// BTF of the built object.
final class EventLayout {
  static final int VERSION = 2;

  static final int KIND_EXCHANGE = 1;
  static final int KIND_PROGRESS = 2;
  static final int KIND_MESSAGE = 3;
  static final int KIND_CLOSED = 4;
  static final int KIND_FORKED = 5;
  static final int KIND_EXECED = 6;
  static final int KIND_EXITED = 7;

  static final int FLAG_ABORTED = 1;
  static final int FLAG_PROGRESSED = 4;
  static final int FLAG_PARENT_FRESH = 16;
  static final int FLAG_PARENT_AT_CONNECT = 32;
  static final int FLAG_ANSWERED_ELSEWHERE = 64;

  private EventLayout() {}

  static final class Header {
    static final int KIND = 0;
    static final int VERSION = 2;
    static final int SIZE = 4;
    static final int KTIME_NS = 8;

    private Header() {}
  }

  static final class Exchange {
    static final int START_NS = 16;
    static final int FIRST_BYTE_NS = 24;
    static final int LAST_BYTE_NS = 32;
    static final int CONNECTION_ID = 40;
    static final int REQUEST_BYTES = 48;
    static final int RESPONSE_BYTES = 56;
    static final int GOROUTINE_ID = 64;
    static final int CALLER_GOROUTINE_ID = 72;
    static final int CALLER_PARENT_GOROUTINE_ID = 80;
    static final int PARENT_CONNECTION_ID = 88;
    static final int ORDINAL = 96;
    static final int TGID = 100;
    static final int TID = 104;
    static final int LINK_SEQ = 108;
    static final int PARENT_ORDINAL = 112;
    static final int THREAD_ORDER = 116;
    static final int STATUS = 120;
    static final int FLAGS = 122;
    static final int ROLE = 124;
    static final int FAMILY = 125;
    static final int LOCAL_PORT = 126;
    static final int REMOTE_PORT = 128;
    static final int PREFIX_LENGTH = 130;
    static final int RESPONSE_PREFIX_LENGTH = 132;
    static final int RESPONSE_TAIL_LENGTH = 134;
    static final int LOCAL_ADDRESS = 136;
    static final int REMOTE_ADDRESS = 152;
    static final int RESPONSE_TAIL = 168;
    static final int SIZE_OF = 176;

    private Exchange() {}
  }

  static final class Message {
    static final int CONNECTION_ID = 16;
    static final int GOROUTINE_ID = 24;
    static final int POSITION = 32;
    static final int TOTAL_LENGTH = 40;
    static final int CAPTURED_LENGTH = 44;
    static final int TGID = 48;
    static final int TID = 52;
    static final int LINK_SEQ = 56;
    static final int LOCAL_PORT = 60;
    static final int REMOTE_PORT = 62;
    static final int ROLE = 64;
    static final int DIRECTION = 65;
    static final int FAMILY = 66;
    static final int LOCAL_ADDRESS = 72;
    static final int REMOTE_ADDRESS = 88;
    static final int SIZE_OF = 104;

    private Message() {}
  }

  static final class Closed {
    static final int CONNECTION_ID = 16;
    static final int SIZE_OF = 24;

    private Closed() {}
  }

  static final class ProcessEvent {
    static final int TGID = 16;
    static final int PARENT_TGID = 20;
    static final int SIZE_OF = 24;

    private ProcessEvent() {}
  }
}
