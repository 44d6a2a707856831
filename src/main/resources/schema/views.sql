-- The tables of the specification as views over http_metrics_rows, traces_rows and trace_aliases_rows,
-- which hold every row with its strings. ${agent_id}, ${span_agent_id} and ${suffix} differ between agent and colony.
CREATE OR REPLACE VIEW beyla_http_metrics AS
SELECT to_timestamp(window_unix_nanos / 1e9) AS "timestamp",
       ${agent_id}
       service AS service_name,
       method AS http_method,
       route AS http_route,
       nullif(status, 0)::SMALLINT AS http_status_code,
       b.seed_upper_ms AS latency_bucket_ms,
       sum(n)::BIGINT AS count,
       map_concat(MAP {'role': 'server', 'source': source},
                  attributes::JSON::MAP(VARCHAR, VARCHAR)) AS attributes
FROM (SELECT *, unnest(histogram) AS n,
             generate_subscripts(histogram, 1) - 1 + histogram_offset AS at
      FROM http_metrics_rows WHERE role = 1 AND counted = 1) AS r
JOIN latency_bounds AS b ON b.bucket = r.at
WHERE n > 0
GROUP BY ALL;

CREATE OR REPLACE VIEW beyla_grpc_metrics AS
SELECT to_timestamp(window_unix_nanos / 1e9) AS "timestamp",
       ${agent_id}
       service AS service_name,
       method AS grpc_method,
       (CASE WHEN status < 0 THEN NULL ELSE status END)::SMALLINT AS grpc_status_code,
       b.seed_upper_ms AS latency_bucket_ms,
       sum(n)::BIGINT AS count,
       map_concat(MAP {'role': 'server', 'source': source},
                  attributes::JSON::MAP(VARCHAR, VARCHAR)) AS attributes
FROM (SELECT *, unnest(histogram) AS n,
             generate_subscripts(histogram, 1) - 1 + histogram_offset AS at
      FROM grpc_metrics_rows WHERE role = 1 AND counted = 1) AS r
JOIN latency_bounds AS b ON b.bucket = r.at
WHERE n > 0
GROUP BY ALL;

-- Databases are seen by those who call them.
CREATE OR REPLACE VIEW beyla_sql_metrics AS
SELECT to_timestamp(window_unix_nanos / 1e9) AS "timestamp",
       ${agent_id}
       service AS service_name,
       method AS sql_operation,
       route AS table_name,
       b.seed_upper_ms AS latency_bucket_ms,
       sum(n)::BIGINT AS count,
       map_concat(MAP {'db.system': system, 'source': source},
                  attributes::JSON::MAP(VARCHAR, VARCHAR)) AS attributes
FROM (SELECT *, unnest(histogram) AS n,
             generate_subscripts(histogram, 1) - 1 + histogram_offset AS at
      FROM sql_metrics_rows WHERE role = 2 AND counted = 1) AS r
JOIN latency_bounds AS b ON b.bucket = r.at
WHERE n > 0
GROUP BY ALL;

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
       attributes::JSON AS attributes,
       to_timestamp(start_unix_nanos / 1e9)::TIMESTAMP AS created_at,
       name AS span_name,
       CASE outcome WHEN 1 THEN 'OK' WHEN 2 THEN 'ERROR' ELSE 'UNSET' END AS status_code,
       start_unix_nanos,
       duration_nanos,
       resource::JSON AS resource,
       scope::JSON AS scope,
       nullif(details, '')::JSON AS details,
       flags
FROM spans_rows;

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
FROM known;
