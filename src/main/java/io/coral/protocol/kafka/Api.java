package io.coral.protocol.kafka;

import org.jspecify.annotations.Nullable;

/// What a request asks for, by its key.
enum Api {
  PRODUCE(0, 13, 9, "Produce"),
  FETCH(1, 18, 12, "Fetch"),
  LIST_OFFSETS(2, 11, 6, "ListOffsets"),
  METADATA(3, 13, 9, "Metadata"),
  OFFSET_COMMIT(8, 10, 8, "OffsetCommit"),
  OFFSET_FETCH(9, 10, 6, "OffsetFetch"),
  FIND_COORDINATOR(10, 6, 3, "FindCoordinator"),
  JOIN_GROUP(11, 9, 6, "JoinGroup"),
  HEARTBEAT(12, 4, 4, "Heartbeat"),
  LEAVE_GROUP(13, 5, 4, "LeaveGroup"),
  SYNC_GROUP(14, 5, 4, "SyncGroup"),
  DESCRIBE_GROUPS(15, 6, 5, "DescribeGroups"),
  LIST_GROUPS(16, 5, 3, "ListGroups"),
  SASL_HANDSHAKE(17, 1, 99, "SaslHandshake"),
  API_VERSIONS(18, 5, 3, "ApiVersions"),
  CREATE_TOPICS(19, 7, 5, "CreateTopics"),
  DELETE_TOPICS(20, 6, 4, "DeleteTopics"),
  DELETE_RECORDS(21, 2, 2, "DeleteRecords"),
  INIT_PRODUCER_ID(22, 6, 2, "InitProducerId"),
  OFFSET_FOR_LEADER_EPOCH(23, 4, 4, "OffsetForLeaderEpoch"),
  ADD_PARTITIONS_TO_TXN(24, 5, 3, "AddPartitionsToTxn"),
  ADD_OFFSETS_TO_TXN(25, 4, 3, "AddOffsetsToTxn"),
  END_TXN(26, 5, 3, "EndTxn"),
  TXN_OFFSET_COMMIT(28, 5, 3, "TxnOffsetCommit"),
  DESCRIBE_ACLS(29, 3, 2, "DescribeAcls"),
  CREATE_ACLS(30, 3, 2, "CreateAcls"),
  DELETE_ACLS(31, 3, 2, "DeleteAcls"),
  DESCRIBE_CONFIGS(32, 4, 4, "DescribeConfigs"),
  ALTER_CONFIGS(33, 2, 2, "AlterConfigs"),
  ALTER_REPLICA_LOG_DIRS(34, 2, 2, "AlterReplicaLogDirs"),
  DESCRIBE_LOG_DIRS(35, 4, 2, "DescribeLogDirs"),
  SASL_AUTHENTICATE(36, 2, 2, "SaslAuthenticate"),
  CREATE_PARTITIONS(37, 3, 2, "CreatePartitions"),
  DELETE_GROUPS(42, 2, 2, "DeleteGroups"),
  ELECT_LEADERS(43, 2, 2, "ElectLeaders"),
  INCREMENTAL_ALTER_CONFIGS(44, 1, 1, "IncrementalAlterConfigs"),
  ALTER_PARTITION_REASSIGNMENTS(45, 1, 0, "AlterPartitionReassignments"),
  LIST_PARTITION_REASSIGNMENTS(46, 0, 0, "ListPartitionReassignments"),
  OFFSET_DELETE(47, 0, 99, "OffsetDelete"),
  DESCRIBE_CLUSTER(60, 2, 0, "DescribeCluster"),
  DESCRIBE_PRODUCERS(61, 0, 0, "DescribeProducers"),
  DESCRIBE_TRANSACTIONS(65, 0, 0, "DescribeTransactions"),
  LIST_TRANSACTIONS(66, 2, 0, "ListTransactions"),
  CONSUMER_GROUP_HEARTBEAT(68, 1, 0, "ConsumerGroupHeartbeat"),
  CONSUMER_GROUP_DESCRIBE(69, 1, 0, "ConsumerGroupDescribe"),
  GET_TELEMETRY_SUBSCRIPTIONS(71, 0, 0, "GetTelemetrySubscriptions"),
  PUSH_TELEMETRY(72, 0, 0, "PushTelemetry"),
  LIST_CLIENT_METRICS_RESOURCES(74, 1, 0, "ListConfigResources"),
  DESCRIBE_TOPIC_PARTITIONS(75, 0, 0, "DescribeTopicPartitions"),
  SHARE_GROUP_HEARTBEAT(76, 1, 0, "ShareGroupHeartbeat"),
  SHARE_FETCH(78, 2, 0, "ShareFetch"),
  SHARE_ACKNOWLEDGE(79, 2, 0, "ShareAcknowledge");

  private static final @Nullable Api[] BY_KEY = new Api[128];

  static {
    for (Api each : values()) {
      BY_KEY[each.key] = each;
    }
  }

  private final int key;
  private final int newest;
  private final int firstFlexible;
  private final String text;

  /// @param newest version that is known; two more are believed
  Api(int key, int newest, int firstFlexible, String text) {
    this.key = key;
    this.newest = newest;
    this.firstFlexible = firstFlexible;
    this.text = text;
  }

  /// @return null when there is no such request
  static @Nullable Api of(int key, int version) {
    Api api = key >= 0 && key < BY_KEY.length ? BY_KEY[key] : null;
    return api != null && version >= 0 && version <= api.newest + 2 ? api : null;
  }

  boolean isFlexible(int version) {
    return version >= firstFlexible;
  }

  String text() {
    return text;
  }

  /// Whether the first string of a request is a group.
  boolean isOfGroup() {
    return switch (this) {
      case OFFSET_COMMIT,
          JOIN_GROUP,
          HEARTBEAT,
          LEAVE_GROUP,
          SYNC_GROUP,
          CONSUMER_GROUP_HEARTBEAT,
          SHARE_GROUP_HEARTBEAT ->
          true;
      default -> false;
    };
  }

  /// Whether an answer comes when there is something to tell, and that may take.
  boolean waits() {
    return this == FETCH || this == SHARE_FETCH || this == JOIN_GROUP || this == SYNC_GROUP;
  }

  /// Where the error of an answer is that has one: bytes behind the head, -1 = there is none, or it
  /// is further inside.
  int errorAt(int version) {
    return switch (this) {
      case API_VERSIONS, SASL_HANDSHAKE, SASL_AUTHENTICATE -> 0;
      case HEARTBEAT, LEAVE_GROUP, SYNC_GROUP -> version == 0 ? 0 : 4;
      case JOIN_GROUP -> version < 2 ? 0 : 4;
      case FIND_COORDINATOR -> version == 0 ? 0 : version < 4 ? 4 : -1;
      case FETCH -> version < 7 ? -1 : 4;
      case INIT_PRODUCER_ID,
          ADD_OFFSETS_TO_TXN,
          END_TXN,
          CONSUMER_GROUP_HEARTBEAT,
          SHARE_GROUP_HEARTBEAT,
          SHARE_FETCH,
          SHARE_ACKNOWLEDGE,
          GET_TELEMETRY_SUBSCRIPTIONS,
          PUSH_TELEMETRY,
          DESCRIBE_CLUSTER,
          LIST_TRANSACTIONS ->
          4;
      case LIST_GROUPS -> version == 0 ? 0 : 4;
      default -> -1;
    };
  }
}
