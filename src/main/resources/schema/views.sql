-- The tables of the specification as views over http_metrics_rows, traces_rows and so on, which hold every row with
-- its strings. What stands in braces differs between agents, colonies and copies: io.coral.storage.Views.

-- Requests are grouped by what is stored of them: by times and maps it takes ten times as long.
CREATE OR REPLACE VIEW beyla_http_metrics AS
SELECT to_timestamp(window_unix_nanos / 1e9) AS "timestamp",
       ${agent_id}
       service AS service_name,
       method AS http_method,
       route AS http_route,
       nullif(status, 0)::SMALLINT AS http_status_code,
       seed_upper_ms AS latency_bucket_ms,
       count,
       map_concat(MAP {'role': 'server', 'source': source},
                  attributes::JSON::MAP(VARCHAR, VARCHAR)) AS attributes
FROM (SELECT window_unix_nanos, ${agent_id} service, method, route, status, source, attributes, seed_upper_ms,
             sum(n)::BIGINT AS count
      FROM (SELECT * REPLACE (${flat}), unnest(histogram) AS n,
                   generate_subscripts(histogram, 1) - 1 + histogram_offset AS bucket
            FROM http_metrics_rows WHERE role = 1 AND counted = 1)
      JOIN latency_bounds USING (bucket)
      WHERE n > 0
      GROUP BY ALL);

CREATE OR REPLACE VIEW beyla_grpc_metrics AS
SELECT to_timestamp(window_unix_nanos / 1e9) AS "timestamp",
       ${agent_id}
       service AS service_name,
       method AS grpc_method,
       nullif(status, -1)::SMALLINT AS grpc_status_code,
       seed_upper_ms AS latency_bucket_ms,
       count,
       map_concat(MAP {'role': 'server', 'source': source},
                  attributes::JSON::MAP(VARCHAR, VARCHAR)) AS attributes
FROM (SELECT window_unix_nanos, ${agent_id} service, method, greatest(status, -1) AS status, source, attributes, seed_upper_ms,
             sum(n)::BIGINT AS count
      FROM (SELECT * REPLACE (${flat}), unnest(histogram) AS n,
                   generate_subscripts(histogram, 1) - 1 + histogram_offset AS bucket
            FROM grpc_metrics_rows WHERE role = 1 AND counted = 1)
      JOIN latency_bounds USING (bucket)
      WHERE n > 0
      GROUP BY ALL);

-- Databases are seen by those who call them.
CREATE OR REPLACE VIEW beyla_sql_metrics AS
SELECT to_timestamp(window_unix_nanos / 1e9) AS "timestamp",
       ${agent_id}
       service AS service_name,
       method AS sql_operation,
       route AS table_name,
       seed_upper_ms AS latency_bucket_ms,
       count,
       map_concat(MAP {'db.system': system, 'source': source},
                  attributes::JSON::MAP(VARCHAR, VARCHAR)) AS attributes
FROM (SELECT window_unix_nanos, ${agent_id} service, method, route, system, source, attributes, seed_upper_ms,
             sum(n)::BIGINT AS count
      FROM (SELECT * REPLACE (${flat}), unnest(histogram) AS n,
                   generate_subscripts(histogram, 1) - 1 + histogram_offset AS bucket
            FROM sql_metrics_rows WHERE role = 2 AND counted = 1)
      JOIN latency_bounds USING (bucket)
      WHERE n > 0
      GROUP BY ALL);

-- Spans that applications sent.
CREATE OR REPLACE VIEW otel_spans AS
SELECT seq AS seq_id,
       to_timestamp(start_unix_nanos / 1e9) AS "timestamp",
       ${agent_id}
       replace(trace_id::VARCHAR, '-', '') AS trace_id,
       lower(lpad(hex(span_id), 16, '0')) AS span_id,
       CASE WHEN parent_span_id = 0 THEN NULL
            ELSE lower(lpad(hex(parent_span_id), 16, '0')) END AS parent_span_id,
       service AS service_name,
       CASE role WHEN 1 THEN 'SERVER' WHEN 2 THEN 'CLIENT' WHEN 3 THEN 'PRODUCER'
                 WHEN 4 THEN 'CONSUMER' WHEN 5 THEN 'INTERNAL' ELSE 'UNSPECIFIED' END AS span_kind,
       duration_nanos / 1e6 AS duration_ms,
       outcome = 2 AS is_error,
       (CASE WHEN system = 'http' AND status > 0 THEN status END)::INTEGER AS http_status,
       CASE WHEN system = 'http' THEN method END AS http_method,
       CASE WHEN system = 'http' AND route <> '' THEN route END AS http_route,
       (${attributes})::JSON AS attributes,
       to_timestamp(start_unix_nanos / 1e9)::TIMESTAMP AS created_at,
       name AS span_name,
       CASE outcome WHEN 1 THEN 'OK' WHEN 2 THEN 'ERROR' ELSE 'UNSET' END AS status_code,
       start_unix_nanos,
       duration_nanos,
       resource::JSON AS resource,
       scope::JSON AS scope,
       nullif(details, '')::JSON AS details,
       flags
FROM spans_${rows};

-- Data points of metrics that applications sent. What a point does not have is NULL.
CREATE OR REPLACE VIEW otel_metrics AS
SELECT seq AS seq_id,
       to_timestamp(time_unix_nanos / 1e9) AS "timestamp",
       ${agent_id}
       service AS service_name,
       name AS metric_name,
       CASE type WHEN 1 THEN 'gauge' WHEN 2 THEN 'sum' WHEN 3 THEN 'histogram'
                 WHEN 4 THEN 'exponential_histogram' WHEN 5 THEN 'summary' END AS metric_type,
       unit,
       description,
       CASE temporality WHEN 1 THEN 'delta' WHEN 2 THEN 'cumulative' END AS temporality,
       CASE WHEN type = 2 THEN monotonic = 1 END AS is_monotonic,
       CASE WHEN fields & 3 <> 0 THEN value END AS value,
       CASE WHEN fields & 2 <> 0 THEN int_value END AS value_int,
       CASE WHEN type > 2 THEN "count" END AS "count",
       CASE WHEN fields & 4 <> 0 THEN "sum" END AS "sum",
       CASE WHEN fields & 8 <> 0 THEN "min" END AS "min",
       CASE WHEN fields & 16 <> 0 THEN "max" END AS "max",
       attributes::JSON AS attributes,
       nullif(details, '')::JSON AS details,
       flags & 1 = 1 AS no_recorded_value,
       flags,
       resource::JSON AS resource,
       scope::JSON AS scope,
       nullif(metadata, '')::JSON AS metadata,
       time_unix_nanos,
       nullif(start_unix_nanos, 0) AS start_unix_nanos
FROM metrics_rows;

-- Log records that applications sent. What a record does not have is NULL.
CREATE OR REPLACE VIEW otel_logs AS
SELECT seq AS seq_id,
       to_timestamp(time_unix_nanos / 1e9) AS "timestamp",
       ${agent_id}
       service AS service_name,
       nullif(severity, 0)::INTEGER AS severity_number,
       nullif(severity_text, '') AS severity_text,
       CASE WHEN body_type <> 0 THEN body END AS body,
       body_type = 2 AS body_is_json,
       CASE WHEN trace_id = '00000000-0000-0000-0000-000000000000'::UUID THEN NULL
            ELSE replace(trace_id::VARCHAR, '-', '') END AS trace_id,
       CASE WHEN span_id = 0 THEN NULL ELSE lower(lpad(hex(span_id), 16, '0')) END AS span_id,
       nullif(event_name, '') AS event_name,
       (${attributes})::JSON AS attributes,
       nullif(details, '')::JSON AS details,
       flags,
       resource::JSON AS resource,
       scope::JSON AS scope,
       time_unix_nanos,
       nullif(observed_unix_nanos, 0) AS observed_unix_nanos
FROM logs_${rows};

-- What became known of a trace later is applied here: where it belongs, perhaps by way of others, and the
-- parents of its spans.
CREATE OR REPLACE VIEW beyla_traces AS
WITH RECURSIVE
     steps AS (
       SELECT DISTINCT from_trace_id AS f, to_trace_id AS t
       FROM trace_aliases_rows WHERE from_trace_id <> to_trace_id),
     reach AS (
       SELECT f, t, 1 AS n FROM steps
       UNION
       SELECT reach.f, steps.t, n + 1 FROM reach JOIN steps ON steps.f = reach.t WHERE n < 32),
     aliases AS (
       SELECT f AS from_trace_id, min(t) AS to_trace_id
       FROM reach WHERE t NOT IN (SELECT f FROM steps) GROUP BY f),
     parents AS (
       SELECT span_id AS child_id,
              arg_max(parent_span_id, (seq, start_unix_nanos)) AS later_parent_id,
              arg_max(evidence, (seq, start_unix_nanos)) AS later_evidence
       FROM trace_aliases_rows WHERE parent_span_id <> 0 GROUP BY span_id),
     spans AS (
       SELECT traces_rows.*, coalesce(to_trace_id, trace_id) AS known_trace_id
       FROM traces_rows LEFT JOIN aliases ON from_trace_id = trace_id),
     known AS (
       SELECT spans.*, coalesce(later_parent_id, parent_span_id) AS known_parent_id,
              coalesce(later_evidence, evidence) AS known_evidence
       FROM spans LEFT JOIN parents ON child_id = span_id)
SELECT replace(known_trace_id::VARCHAR, '-', '') AS trace_id,
       lower(lpad(hex(span_id), 16, '0')) AS span_id,
       CASE WHEN known_parent_id = 0 THEN NULL
            ELSE lower(lpad(hex(known_parent_id), 16, '0')) END AS parent_span_id,
       ${agent_id}
       service AS service_name,
       name AS span_name,
       CASE role WHEN 1 THEN 'server' ELSE 'client' END AS span_kind,
       to_timestamp(start_unix_nanos / 1e9) AS start_time,
       duration_nanos // 1000 AS duration_us,
       CASE WHEN status = 0 THEN NULL ELSE status END::SMALLINT AS status_code,
       json_merge_patch(
         json_object('http.request.method', method, 'http.route', route, 'network.peer', peer,
                     'server.address', host, 'http.request.size', request_bytes,
                     'http.response.size', response_bytes, 'process.pid', process_pid),
         CASE known_evidence WHEN '' THEN '{}'
              ELSE json_object('coral.link.evidence', known_evidence) END,
         attributes)::VARCHAR AS attributes
FROM known
UNION ALL
-- What a Beyla beside the agent sent.
SELECT replace(trace_id::VARCHAR, '-', '') AS trace_id,
       lower(lpad(hex(span_id), 16, '0')) AS span_id,
       CASE WHEN parent_span_id = 0 THEN NULL
            ELSE lower(lpad(hex(parent_span_id), 16, '0')) END AS parent_span_id,
       ${agent_id}
       service AS service_name,
       name AS span_name,
       CASE role WHEN 1 THEN 'server' WHEN 2 THEN 'client' WHEN 3 THEN 'producer'
                 WHEN 4 THEN 'consumer' WHEN 5 THEN 'internal' ELSE 'unspecified' END AS span_kind,
       to_timestamp(start_unix_nanos / 1e9) AS start_time,
       duration_nanos // 1000 AS duration_us,
       CASE WHEN status < 0 OR system = 'http' AND status = 0 THEN NULL
            ELSE status END::SMALLINT AS status_code,
       json_merge_patch(${attributes}, '{"source":"beyla"}')::VARCHAR AS attributes
FROM spans_${rows}
WHERE contains(resource, '"telemetry.sdk.name":"beyla"')
   OR contains(resource, '"telemetry.distro.name":"beyla"')
   OR contains(resource, '"telemetry.sdk.name":"opentelemetry-ebpf-instrumentation"')
   OR contains(resource, '"telemetry.distro.name":"opentelemetry-ebpf-instrumentation"');
