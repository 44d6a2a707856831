package io.coral.agent.kernel;

/// Counters of the kernel side, in the order of `src/main/c/counters.h`.
public enum KernelCounter {
  EXCHANGES_GENERATED("coral_kernel_exchanges_total"),
  EXCHANGES_DROPPED_RING("coral_dropped_total{reason=\"ring_full\"}"),
  MESSAGES_GENERATED("coral_kernel_messages_total"),
  MESSAGES_DROPPED_RING("coral_dropped_total{reason=\"ring_full_message\"}"),
  PROCESS_DROPPED_RING("coral_dropped_total{reason=\"ring_full_process\"}"),
  NO_STORAGE("coral_dropped_total{reason=\"no_socket_storage\"}"),
  READ_FAULTS("coral_dropped_total{reason=\"read_fault\"}"),
  MESSAGE_WAY_PIPELINED("coral_message_way_total{reason=\"pipelined\"}"),
  MESSAGE_WAY_SPLIT_HEAD("coral_message_way_total{reason=\"split_head\"}"),
  MESSAGE_WAY_LONG_HEAD("coral_message_way_total{reason=\"long_head\"}"),
  MESSAGE_WAY_CHUNKED("coral_message_way_total{reason=\"chunked_request\"}"),
  MESSAGE_WAY_UNPAIRED("coral_message_way_total{reason=\"unpaired_response\"}"),
  MESSAGE_BYTES_UNCAPTURED("coral_message_uncaptured_bytes_total"),
  NOT_HTTP("coral_not_http_total"),
  CONNECTION_LIMIT("coral_dropped_total{reason=\"connection_limit\"}");

  private final String metric;

  KernelCounter(String metric) {
    this.metric = metric;
  }

  /// Its name in `/metrics`.
  public String metric() {
    return metric;
  }
}
