package io.coral.agent.aggregate;

import io.coral.model.RequestKind;
import io.coral.model.Role;
import io.coral.model.SpanRequests;
import io.coral.model.Texts;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The series that the requests of spans belong to, found by the numbers of their strings. Begins
/// anew with each dictionary. One thread.
final class SpanKeys {
  private static final int FAILED = SpanRequests.KEY_WIDTH;
  private static final int WIDTH = FAILED + 1;
  private static final int MOST = 50_000;

  private final Namer namer;
  private final int[] key = new int[WIDTH];
  private @Nullable Texts dictionary;
  private int[] slots = new int[256];
  private int[] tuples = new int[64 * WIDTH];
  private List<RedWindows.Key> keys = new ArrayList<>();

  /// Names the route of a request that has only a path.
  interface Namer {
    String routeOf(String service, String path, boolean unmatched);
  }

  SpanKeys(Namer namer) {
    this.namer = namer;
  }

  /// The series of a request.
  RedWindows.Key of(SpanRequests requests, int index) {
    if (dictionary != requests.dictionary() || keys.size() > MOST) {
      dictionary = requests.dictionary();
      keys = new ArrayList<>();
      Arrays.fill(slots, 0);
    }
    requests.key(index, key);
    key[FAILED] = requests.error(index) ? 1 : 0;
    int mask = slots.length - 1;
    for (int slot = hash(key, 0) & mask; ; slot = (slot + 1) & mask) {
      int number = slots[slot] - 1;
      if (number < 0) {
        RedWindows.Key made = made(requests);
        added(made, slot);
        return made;
      }
      if (Arrays.equals(tuples, number * WIDTH, (number + 1) * WIDTH, key, 0, WIDTH)) {
        return keys.get(number);
      }
    }
  }

  private RedWindows.Key made(SpanRequests requests) {
    Texts texts = requests.dictionary();
    RequestKind kind = RequestKind.values()[key[SpanRequests.KIND]];
    String service = texts.text(key[SpanRequests.SERVICE]);
    int status = key[SpanRequests.STATUS];
    String route = texts.text(key[SpanRequests.ROUTE]);
    String path = texts.text(key[SpanRequests.PATH]);
    if (kind == RequestKind.HTTP && route.isEmpty() && !path.isEmpty()) {
      route = namer.routeOf(service, path, status == 404);
    }
    return new RedWindows.Key(
        kind,
        service,
        Role.ofCode(key[SpanRequests.ROLE]),
        texts.text(key[SpanRequests.SYSTEM]),
        texts.text(key[SpanRequests.METHOD]),
        route,
        status,
        "",
        "otlp",
        key[FAILED] == 1);
  }

  private void added(RedWindows.Key made, int slot) {
    int number = keys.size();
    keys.add(made);
    if (keys.size() * WIDTH > tuples.length) {
      tuples = Arrays.copyOf(tuples, 2 * tuples.length);
    }
    System.arraycopy(key, 0, tuples, number * WIDTH, WIDTH);
    slots[slot] = keys.size();
    if (2 * keys.size() >= slots.length) {
      slots = new int[2 * slots.length];
      for (int i = 0; i < keys.size(); i++) {
        int free = hash(tuples, i * WIDTH) & (slots.length - 1);
        while (slots[free] != 0) {
          free = (free + 1) & (slots.length - 1);
        }
        slots[free] = i + 1;
      }
    }
  }

  private static int hash(int[] values, int from) {
    int hash = 0;
    for (int i = from; i < from + WIDTH; i++) {
      hash = (hash ^ values[i]) * 0x9e3779b1;
      hash ^= hash >>> 15;
    }
    return hash;
  }
}
