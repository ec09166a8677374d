-- Connectors from the released points of one dataset and period (view `released`).
SELECT point_id,
       CAST(number AS INTEGER) AS connector_no,
       plug.connector_id, plug.connector_type, plug.connector_type_raw, plug.connector_format,
       plug.current_type, plug.power_kw, plug.power_method, plug.voltage_v, plug.current_a,
       _raw
FROM (SELECT point_id, _raw, unnest(connectors) AS plug, unnest(range(1, len(connectors) + 1)) AS number FROM released)
