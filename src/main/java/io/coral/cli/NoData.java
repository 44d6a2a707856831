package io.coral.cli;

import com.google.gson.JsonObject;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Says why there is nothing to show.
final class NoData {
  private static final int NAMES_SHOWN = 12;
  private static final DateTimeFormatter PRINTED =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);

  private NoData() {}

  /// @param what `HTTP requests`, `traces`
  /// @param service the name asked for, empty when all were
  static CommandFailure explain(
      ConnectClient client, String what, String service, TimeRange range, ZoneId zone) {
    JsonObject request = new JsonObject();
    request.addProperty("sinceUnixNanos", "1");
    ProtoMessage answer = client.ask("ListServices", request);
    List<ProtoMessage> services = answer.messages("services");
    Completeness completeness = Completeness.of(answer);
    String subject = service.isEmpty() ? "" : " of '" + service + "'";
    String failed = "no " + what + subject + " (" + range.phrase() + ")";
    if (services.isEmpty()) {
      return failure(failed, nobodyKnown(client, completeness), "coral connect NAME=:PORT");
    }
    for (ProtoMessage known : services) {
      if (known.text("name").equals(service)) {
        return failure(
            failed,
            service + " is known, without traffic of this kind in this time; " + last(known, zone),
            "coral explain " + service + ", or a longer --since");
      }
    }
    List<String> names = services.stream().map(each -> each.text("name")).sorted().toList();
    if (service.isEmpty()) {
      return failure(
          failed,
          names.size() + " services are known, none had traffic: " + shortened(names),
          "a longer --since, or coral explain SERVICE");
    }
    String nearest = nearest(service, names);
    return failure(
        failed,
        "no service has this name; known: " + shortened(names),
        nearest == null ? "coral service list" : "did you mean '" + nearest + "'?");
  }

  private static CommandFailure failure(String what, String why, String next) {
    return new CommandFailure(ExitCode.NO_DATA, what, why, next);
  }

  private static String nobodyKnown(ConnectClient client, Completeness completeness) {
    if (client.address().role() == ServerAddress.Role.COLONY && completeness.agentsTotal() == 0) {
      return "no service is known: no agent has registered with this colony";
    }
    return "no service is known: nothing is observed, or what is observed had no traffic";
  }

  private static String last(ProtoMessage service, ZoneId zone) {
    long lastSeenUnixNanos = service.number("lastSeenUnixNanos");
    return lastSeenUnixNanos == 0
        ? "no exchange has been seen"
        : "last exchange " + PRINTED.format(TimeRange.ofUnixNanos(lastSeenUnixNanos).atZone(zone));
  }

  private static String shortened(List<String> names) {
    String shown = String.join(", ", names.subList(0, Math.min(names.size(), NAMES_SHOWN)));
    return TextTable.printable(
        names.size() > NAMES_SHOWN
            ? shown + " and " + (names.size() - NAMES_SHOWN) + " more"
            : shown);
  }

  /// The name with the fewest edits to the one asked for, if they are few.
  static @Nullable String nearest(String name, List<String> names) {
    String best = null;
    int bestEdits = Math.max(2, name.length() / 3) + 1;
    for (String candidate : names) {
      int edits = edits(name.toLowerCase(Locale.ROOT), candidate.toLowerCase(Locale.ROOT));
      if (edits < bestEdits || (best == null && candidate.startsWith(name))) {
        best = candidate;
        bestEdits = Math.min(edits, bestEdits);
      }
    }
    return best;
  }

  private static int edits(String left, String right) {
    int[] above = new int[right.length() + 1];
    for (int j = 0; j < above.length; j++) {
      above[j] = j;
    }
    for (int i = 1; i <= left.length(); i++) {
      int[] row = new int[above.length];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int changed = above[j - 1] + (left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(changed, Math.min(above[j], row[j - 1]) + 1);
      }
      above = row;
    }
    return above[right.length()];
  }
}
