package io.coral.colony.cluster;

import io.coral.answer.History;
import io.coral.answer.StoreHistory;
import io.coral.model.Role;
import io.coral.rpc.RpcException;
import io.coral.rpc.colony.v1.PartRequest;
import io.coral.rpc.colony.v1.PartResponse;
import io.coral.rpc.mesh.v1.Completeness;
import io.coral.storage.ColonyStore;
import io.coral.storage.StoreQueries;
import java.util.Set;

/// Answers for one node what it has. Any thread; blocks.
final class Parts {
  private final ColonyStore store;

  Parts(ColonyStore store) {
    this.store = store;
  }

  PartResponse answer(PartRequest request) {
    return StoreQueries.ask(
        store, Set.copyOf(request.getAgentsList()), queries -> answer(queries, request));
  }

  private PartResponse answer(StoreQueries queries, PartRequest request) {
    History history = new StoreHistory(queries, null, Completeness::getDefaultInstance);
    PartResponse.Builder response = PartResponse.newBuilder();
    try {
      answer(history, request, response);
    } catch (RpcException e) {
      response.setInvalid(String.valueOf(e.getMessage()));
    }
    return response.addAllGaps(store.losses()).build();
  }

  private static void answer(History history, PartRequest request, PartResponse.Builder response) {
    long now = request.getNowUnixNanos();
    switch (request.getQuestionCase()) {
      case SUMS ->
          response.setSums(
              PartMessages.message(history.sums(PartMessages.question(request.getSums()))));
      case TRACES ->
          response.setTraces(
              PartMessages.ranked(history.list(PartMessages.filter(request.getTraces()))));
      case SEARCH ->
          response.setTraces(
              PartMessages.ranked(history.search(PartMessages.search(request.getSearch()))));
      case READ ->
          response.setRead(PartMessages.traces(history.traces(request.getRead().getIdsList())));
      case FIND ->
          response.setFound(io.coral.answer.SpanMessages.message(history.find(request.getFind())));
      case EXEMPLARS ->
          response.setExemplars(
              PartMessages.exemplars(
                  history.exemplars(
                      request.getExemplars().getService(),
                      request.getExemplars().getSinceUnixNanos(),
                      request.getExemplars().getUntilUnixNanos(),
                      Role.ofCode(request.getExemplars().getRole()))));
      case SERVICES -> response.setServices(PartMessages.names(history.services()));
      case OPERATIONS ->
          response.setOperations(
              PartMessages.operations(
                  history.operations(
                      request.getOperations().getService(),
                      PartMessages.role(request.getOperations().getRole()))));
      case LOGS_OF -> response.setCount(history.logsOf(request.getLogsOf()));
      case TELEMETRY -> response.setTelemetry(history.telemetry(request.getTelemetry(), now));
      case LOGS -> response.setLogs(history.logs(request.getLogs(), now));
      case METRICS -> response.setMetrics(history.metrics(request.getMetrics(), now));
      case QUESTION_NOT_SET ->
          response.setInvalid("a node of another version asks what this one does not know");
    }
  }
}
