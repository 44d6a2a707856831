-- The same under the names that the specification gives the agent's tables.
CREATE OR REPLACE VIEW beyla_http_metrics_local AS SELECT * FROM beyla_http_metrics;
CREATE OR REPLACE VIEW beyla_grpc_metrics_local AS SELECT * FROM beyla_grpc_metrics;
CREATE OR REPLACE VIEW beyla_sql_metrics_local AS SELECT * FROM beyla_sql_metrics;
CREATE OR REPLACE VIEW beyla_traces_local AS SELECT * FROM beyla_traces;

CREATE OR REPLACE VIEW otel_spans_local AS SELECT * FROM otel_spans;
CREATE OR REPLACE VIEW otel_metrics_local AS SELECT * FROM otel_metrics;
CREATE OR REPLACE VIEW otel_logs_local AS SELECT * FROM otel_logs;

CREATE OR REPLACE VIEW system_metrics_local AS
SELECT NULL::UBIGINT AS seq_id, NULL::TIMESTAMP AS "timestamp", NULL::VARCHAR AS metric_name,
       NULL::DOUBLE AS value, NULL::VARCHAR AS unit, NULL::VARCHAR AS metric_type,
       NULL::JSON AS attributes, NULL::TIMESTAMP AS created_at
WHERE false;

CREATE OR REPLACE VIEW cpu_profile_samples_local AS
SELECT NULL::UBIGINT AS seq_id, NULL::TIMESTAMP AS "timestamp", NULL::VARCHAR AS service_id,
       NULL::VARCHAR AS build_id, NULL::INTEGER AS tgid, NULL::VARCHAR AS stack_hash,
       NULL::INTEGER[] AS stack_frame_ids, NULL::INTEGER AS sample_count
WHERE false;

CREATE OR REPLACE VIEW binary_metadata_local AS
SELECT NULL::VARCHAR AS build_id, NULL::VARCHAR AS service_id, NULL::VARCHAR AS binary_path,
       NULL::TIMESTAMP AS first_seen, NULL::TIMESTAMP AS last_seen, NULL::BOOLEAN AS has_debug_info
WHERE false;
