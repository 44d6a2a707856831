-- The tables of the specification as views over http_metrics_rows and traces_rows, which hold every row
-- with its strings. ${agent_id}, ${span_agent_id} and ${suffix} differ between agent and colony.
CREATE OR REPLACE VIEW beyla_http_metrics AS
SELECT to_timestamp(window_unix_nanos / 1e9) AS "timestamp",
       ${agent_id}
       service AS service_name,
       method AS http_method,
       route AS http_route,
       nullif(status, 0)::SMALLINT AS http_status_code,
       b.seed_upper_ms AS latency_bucket_ms,
       sum(n)::BIGINT AS count,
       map_concat(MAP {'role': 'server'}, attributes::JSON::MAP(VARCHAR, VARCHAR)) AS attributes
FROM (SELECT *, unnest(histogram) AS n,
             generate_subscripts(histogram, 1) - 1 + histogram_offset AS at
      FROM http_metrics_rows WHERE role = 1) AS r
JOIN latency_bounds AS b ON b.bucket = r.at
WHERE n > 0
GROUP BY ALL;

CREATE OR REPLACE VIEW beyla_grpc_metrics AS
SELECT NULL::TIMESTAMPTZ AS "timestamp", ${no_agent_id} NULL::VARCHAR AS service_name,
       NULL::VARCHAR AS grpc_method, NULL::SMALLINT AS grpc_status_code,
       NULL::DOUBLE AS latency_bucket_ms, NULL::BIGINT AS count,
       NULL::MAP(VARCHAR, VARCHAR) AS attributes
WHERE false;

CREATE OR REPLACE VIEW beyla_sql_metrics AS
SELECT NULL::TIMESTAMPTZ AS "timestamp", ${no_agent_id} NULL::VARCHAR AS service_name,
       NULL::VARCHAR AS sql_operation, NULL::VARCHAR AS table_name,
       NULL::DOUBLE AS latency_bucket_ms, NULL::BIGINT AS count,
       NULL::MAP(VARCHAR, VARCHAR) AS attributes
WHERE false;

CREATE OR REPLACE VIEW beyla_traces AS
SELECT replace(trace_id::VARCHAR, '-', '') AS trace_id,
       lower(lpad(hex(span_id), 16, '0')) AS span_id,
       CASE WHEN parent_span_id = 0 THEN NULL
            ELSE lower(lpad(hex(parent_span_id), 16, '0')) END AS parent_span_id,
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
         attributes)::VARCHAR AS attributes
FROM traces_rows;
