package io.coral.config;

/// How full the disk of an agent may become, in percent, before the agent acts; 100 = never.
///
/// @param cleanupPercent from here on the oldest data are dropped before their retention is over
/// @param refusePercent from here on nothing is stored
/// @param unreadBytes of the database up to which rows that a colony lacks are kept beyond their
///     retention
public record DiskMarks(int cleanupPercent, int refusePercent, long unreadBytes) {
  private static final int LEAST_PERCENT = 10;

  public DiskMarks {
    if (refusePercent < cleanupPercent) {
      throw new IllegalArgumentException(
          "refuse_percent: " + refusePercent + " (expected: at least " + cleanupPercent + ")");
    }
  }

  static DiskMarks read(Section disk) throws ConfigException {
    int cleanup = disk.integer("cleanup_percent", 85, LEAST_PERCENT, 100);
    int refuse = disk.integer("refuse_percent", Math.max(95, cleanup), LEAST_PERCENT, 100);
    if (refuse < cleanup) {
      throw disk.refuse(
          "refuse_percent",
          "refuse_percent: " + refuse + " (expected: at least cleanup_percent, " + cleanup + ")");
    }
    long unread = (long) disk.integer("unread_mb", 1024, 0, 1 << 20) << 20;
    disk.done();
    return new DiskMarks(cleanup, refuse, unread);
  }
}
