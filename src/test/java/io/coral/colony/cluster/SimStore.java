package io.coral.colony.cluster;

import io.coral.model.SeqRanges;
import io.coral.model.StreamSchema;
import io.coral.rpc.agent.v1.PullResponse;
import io.coral.rpc.colony.v1.RowsRequest;
import io.coral.rpc.colony.v1.RowsResponse;
import io.coral.storage.KnownSeqs;
import io.coral.storage.LostSeqs;
import io.coral.storage.SeqNotes;
import io.coral.storage.StreamEpoch;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/// The history of a node while it runs, over its disk: the store's rules, without rows' contents.
final class SimStore implements Nodes.Book {
  /// A day is an hour here.
  static final long DAY = SimWorld.HOUR;

  static final int RETENTION_DAYS = 3;

  private final SimDisk disk;
  private final SimLedger ledger;
  private final LongSupplier clockNanos;
  private final boolean plantedBug;
  private final Map<String, SeqNotes> books = new LinkedHashMap<>();
  final String ownId;
  private long newestRow;

  /// @param clockNanos Unix time as this node's clock has it
  /// @param plantedBug whether numbers are noted before their rows are stored
  SimStore(
      SimDisk disk, SimLedger ledger, LongSupplier clockNanos, String ownId, boolean plantedBug) {
    this.disk = disk;
    this.ledger = ledger;
    this.clockNanos = clockNanos;
    this.ownId = ownId;
    this.plantedBug = plantedBug;
    for (StreamSchema schema : StreamSchema.ALL) {
      books.put(schema.name(), new SeqNotes());
    }
    disk.files.forEach((stream, days) -> days.values().forEach(file -> load(book(stream), file)));
  }

  private static void load(SeqNotes book, SimDisk.File file) {
    file.notes.forEach(
        (why, epochs) -> {
          if (why != KnownSeqs.Why.GONE) {
            book.add(epochs, why);
          }
        });
    file.gone.forEach(note -> book.addGone(note.epoch(), note.seqs(), note.notedNanos()));
  }

  private SeqNotes book(String stream) {
    SeqNotes book = books.get(stream);
    if (book == null) {
      throw new IllegalArgumentException(stream);
    }
    return book;
  }

  private SimDisk.File today(String stream) {
    return disk.file(stream, Math.floorDiv(clockNanos.getAsLong(), DAY));
  }

  KnownSeqs known(String agentId, String stream, long epoch) {
    return book(stream).known(new SeqNotes.Epoch(agentId, epoch));
  }

  @Override
  public Map<String, Map<StreamEpoch, KnownSeqs>> seqs() {
    Map<String, Map<StreamEpoch, KnownSeqs>> seqs = new HashMap<>();
    books.forEach(
        (stream, book) ->
            book.all()
                .forEach(
                    (epoch, known) ->
                        seqs.computeIfAbsent(epoch.agentId(), _ -> new HashMap<>())
                            .put(new StreamEpoch(stream, epoch.epoch()), known)));
    return seqs;
  }

  /// Stores rows and that their numbers are held, in one transaction.
  ///
  /// @param rows where only some of the numbers have one
  /// @param between done between the halves of a transaction that is in fact two
  long append(
      String agentId,
      String stream,
      long epochNumber,
      SeqRanges numbers,
      SeqRanges rows,
      java.util.function.Consumer<Runnable> between) {
    SeqNotes.Epoch epoch = new SeqNotes.Epoch(agentId, epochNumber);
    SeqRanges wanted = numbers.minus(book(stream).known(epoch).held());
    if (wanted.isEmpty()) {
      return 0;
    }
    SimDisk.File file = today(stream);
    Runnable store = () -> disk.addRows(file, stream, epoch, wanted.and(rows));
    if (plantedBug) {
      between.accept(store);
    } else {
      store.run();
    }
    file.note(KnownSeqs.Why.HELD, epoch, wanted);
    book(stream).add(Map.of(epoch, wanted), KnownSeqs.Why.HELD);
    newestRow =
        Math.max(
            newestRow,
            SimNode.BEGIN
                + ledger
                    .rows(new SimLedger.Log(agentId, stream, epochNumber))
                    .timeOf(wanted.last()));
    return wanted.size();
  }

  long append(String agentId, PullResponse batch, java.util.function.Consumer<Runnable> between) {
    SeqRanges numbers = SeqRanges.of(batch.getFromSeq(), batch.getToSeq());
    return append(
        agentId, batch.getStream(), batch.getEpoch(), numbers, rowsOf(batch, numbers), between);
  }

  /// Bounds of ranges instead of numbers, to save time.
  private static SeqRanges rowsOf(PullResponse batch, SeqRanges numbers) {
    if (batch.getSeqsCount() == 0) {
      return numbers;
    }
    List<SeqRanges.Range> rows = new ArrayList<>();
    for (int i = 0; i + 1 < batch.getSeqsCount(); i += 2) {
      if (batch.getSeqs(i) > 0) {
        rows.add(new SeqRanges.Range(batch.getSeqs(i), batch.getSeqs(i + 1)));
      }
    }
    return SeqRanges.of(rows);
  }

  void noteLost(String agentId, String stream, long epochNumber, LostSeqs lost) {
    SeqNotes.Epoch epoch = new SeqNotes.Epoch(agentId, epochNumber);
    lost.found()
        .forEach(
            (found, seqs) -> {
              long noted = found == LostSeqs.ANY_TIME ? clockNanos.getAsLong() : found;
              SimDisk.File file = today(stream);
              file.note(KnownSeqs.Why.GONE, epoch, seqs);
              file.gone.add(new SimDisk.Gone(epoch, seqs, noted));
              book(stream).addGone(epoch, seqs, noted);
            });
  }

  void noteDeleted(String agentId, String stream, long epochNumber, SeqRanges seqs) {
    if (!seqs.isEmpty()) {
      SeqNotes.Epoch epoch = new SeqNotes.Epoch(agentId, epochNumber);
      today(stream).note(KnownSeqs.Why.DELETED, epoch, seqs);
      book(stream).add(Map.of(epoch, seqs), KnownSeqs.Why.DELETED);
    }
  }

  /// A row that the node found itself.
  void appendOwn(String stream, long time) {
    long next = known(ownId, stream, disk.ownEpoch).all().last() + 1;
    SeqRanges one = SeqRanges.of(next, next);
    ledger.committed(new SimLedger.Log(ownId, stream, disk.ownEpoch), next, time);
    append(ownId, stream, disk.ownEpoch, one, one, Runnable::run);
  }

  RowsResponse rows(RowsRequest request, int most) {
    SeqNotes.Epoch epoch = new SeqNotes.Epoch(request.getAgentId(), request.getEpoch());
    SimDisk.File first = null;
    SeqRanges.Range held = null;
    for (SimDisk.File file : disk.days(request.getStream()).values()) {
      SeqRanges of = file.held(epoch).and(SeqRanges.of(request.getFromSeq(), request.getToSeq()));
      if (!of.isEmpty() && (held == null || of.ranges().getFirst().from() < held.from())) {
        held = of.ranges().getFirst();
        first = file;
      }
    }
    if (first == null || held == null) {
      return RowsResponse.getDefaultInstance();
    }
    long to = Math.min(held.to(), held.from() + most - 1);
    PullResponse.Builder rows =
        PullResponse.newBuilder()
            .setStream(request.getStream())
            .setEpoch(request.getEpoch())
            .setFromSeq(held.from())
            .setToSeq(to);
    SeqRanges there =
        first.rows.getOrDefault(epoch, SeqRanges.NONE).and(SeqRanges.of(held.from(), to));
    there.ranges().forEach(range -> rows.addSeqs(range.from()).addSeqs(range.to()));
    if (there.isEmpty()) {
      rows.addSeqs(0).addSeqs(0);
    }
    return RowsResponse.newBuilder().setRows(rows).build();
  }

  /// The rows of some agents.
  Map<SimLedger.Log, SeqRanges> rows(Set<String> agents) {
    Map<SimLedger.Log, SeqRanges> rows = new HashMap<>();
    disk.files.forEach(
        (stream, days) ->
            days.values()
                .forEach(
                    file ->
                        file.rows.forEach(
                            (epoch, seqs) -> {
                              if (agents.contains(epoch.agentId())) {
                                rows.merge(
                                    new SimLedger.Log(epoch.agentId(), stream, epoch.epoch()),
                                    seqs,
                                    SeqRanges::plus);
                              }
                            })));
    return rows;
  }

  @Override
  public Map<String, Map<StreamEpoch, LostSeqs>> lost() {
    Map<String, Map<StreamEpoch, LostSeqs>> lost = new HashMap<>();
    books.forEach(
        (stream, book) ->
            book.lost()
                .forEach(
                    (epoch, seqs) ->
                        lost.computeIfAbsent(epoch.agentId(), _ -> new HashMap<>())
                            .put(new StreamEpoch(stream, epoch.epoch()), seqs)));
    return lost;
  }

  /// Deletes days that are past the retention, as the store does.
  void sweep() {
    long today = Math.floorDiv(Math.min(clockNanos.getAsLong(), newestRow), DAY);
    disk.files.forEach(
        (stream, days) -> {
          var expired = days.headMap(today - RETENTION_DAYS, false);
          List<SimDisk.File> files = List.copyOf(expired.values());
          expired.clear();
          files.forEach(file -> forget(stream, file));
        });
  }

  private void forget(String stream, SimDisk.File file) {
    Map<KnownSeqs.Why, Map<SeqNotes.Epoch, SeqRanges>> said = new EnumMap<>(KnownSeqs.Why.class);
    said.putAll(file.notes);
    book(stream)
        .forget(said)
        .forEach(
            (epoch, seqs) -> {
              noteDeleted(epoch.agentId(), stream, epoch.epoch(), seqs);
              ledger.deleted(
                  new SimLedger.Log(epoch.agentId(), stream, epoch.epoch()),
                  seqs.minus(disk.rows(stream, epoch)),
                  file.rows.getOrDefault(epoch, SeqRanges.NONE));
            });
  }
}
