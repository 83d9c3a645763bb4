-- Hosting: what can be bought. Amounts are bigint of 1/10,000 USD. The rows below are the catalogue of a fresh deployment; an
-- operator changes prices and stock as rows, never in code.
CREATE TABLE location (
  id            text PRIMARY KEY,
  name          text NOT NULL,
  country       text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
  city          text NOT NULL,
  features      text[] NOT NULL DEFAULT '{}',
  looking_glass text,
  test_ipv4     text,
  position      integer NOT NULL
);

CREATE TABLE plan (
  id            text PRIMARY KEY,
  name          text NOT NULL,
  vcpu          integer NOT NULL CHECK (vcpu > 0),
  cpu_type      text NOT NULL CHECK (cpu_type IN ('shared', 'dedicated')),
  arch          text NOT NULL CHECK (arch IN ('x86_64', 'arm64')),
  ram_mb        integer NOT NULL CHECK (ram_mb > 0),
  disk_gb       integer NOT NULL CHECK (disk_gb > 0),
  disk_type     text NOT NULL,
  traffic_gb    integer NOT NULL,
  port_mbps     integer NOT NULL,
  ipv4          integer NOT NULL,
  ipv6          text NOT NULL,
  position      integer NOT NULL,
  deprecated_at timestamptz
);

CREATE TABLE plan_price (
  plan_id       text NOT NULL REFERENCES plan (id),
  location_id   text NOT NULL REFERENCES location (id),
  period_months integer NOT NULL CHECK (period_months BETWEEN 1 AND 36),
  price         bigint NOT NULL CHECK (price > 0),
  setup         bigint NOT NULL DEFAULT 0 CHECK (setup >= 0),
  renew_price   bigint NOT NULL CHECK (renew_price > 0),
  PRIMARY KEY (plan_id, location_id, period_months)
);

-- What is left to sell. Reserved by the statement that holds the money: the check is what ends a race.
CREATE TABLE stock (
  plan_id     text NOT NULL REFERENCES plan (id),
  location_id text NOT NULL REFERENCES location (id),
  free        integer NOT NULL,
  low_below   integer NOT NULL DEFAULT 10,
  checked_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (plan_id, location_id),
  CONSTRAINT stock_not_negative CHECK (free >= 0)
);

CREATE TABLE image (
  id            text PRIMARY KEY,
  name          text NOT NULL,
  os            text NOT NULL,
  version       text NOT NULL,
  arch          text NOT NULL CHECK (arch IN ('x86_64', 'arm64')),
  min_disk_gb   integer NOT NULL,
  min_ram_mb    integer NOT NULL,
  cloud_init    boolean NOT NULL,
  default_user  text NOT NULL,
  position      integer NOT NULL,
  deprecated_at timestamptz
);

INSERT INTO location (id, name, country, city, features, looking_glass, test_ipv4, position) VALUES
  ('ams', 'Amsterdam 1', 'NL', 'Amsterdam', '{snapshots,ipv6,rdns}', NULL, '192.0.2.10', 1),
  ('fra', 'Frankfurt 1', 'DE', 'Frankfurt am Main', '{snapshots,ipv6,rdns}', NULL, '192.0.2.20', 2),
  ('hel', 'Helsinki 1', 'FI', 'Helsinki', '{snapshots,ipv6,rdns}', NULL, '192.0.2.30', 3),
  ('nyc', 'New York 1', 'US', 'New York', '{snapshots,ipv6,rdns}', NULL, '192.0.2.40', 4),
  ('sin', 'Singapore 1', 'SG', 'Singapore', '{snapshots,ipv6}', NULL, '192.0.2.50', 5);

INSERT INTO plan (id, name, vcpu, cpu_type, arch, ram_mb, disk_gb, disk_type, traffic_gb, port_mbps, ipv4, ipv6, position, deprecated_at) VALUES
  ('s1', 'S1', 1, 'shared', 'x86_64', 1024, 20, 'nvme', 1000, 1000, 1, '/64', 1, NULL),
  ('s2', 'S2', 2, 'shared', 'x86_64', 2048, 40, 'nvme', 2000, 1000, 1, '/64', 2, NULL),
  ('s4', 'S4', 2, 'shared', 'x86_64', 4096, 80, 'nvme', 4000, 1000, 1, '/64', 3, NULL),
  ('s8', 'S8', 4, 'shared', 'x86_64', 8192, 160, 'nvme', 8000, 1000, 1, '/64', 4, NULL),
  ('d8', 'D8', 4, 'dedicated', 'x86_64', 8192, 160, 'nvme', 10000, 10000, 1, '/64', 5, NULL),
  ('d16', 'D16', 8, 'dedicated', 'x86_64', 16384, 320, 'nvme', 20000, 10000, 1, '/64', 6, NULL),
  ('a4', 'A4', 2, 'shared', 'arm64', 4096, 40, 'nvme', 4000, 1000, 1, '/64', 7, NULL);

-- Month price by plan, surcharge by location, discount by period; arm64 is not sold everywhere.
INSERT INTO plan_price (plan_id, location_id, period_months, price, setup, renew_price)
SELECT p.id, l.id, t.months, round(p.month * l.percent / 100.0 * t.months * t.keep / 100.0), CASE WHEN p.id = 'd16' AND t.months = 1 THEN 100000 ELSE 0 END,
       round(p.month * l.percent / 100.0 * t.months * t.keep / 100.0)
FROM (VALUES ('s1', 39900), ('s2', 64900), ('s4', 119900), ('s8', 229900), ('d8', 399900), ('d16', 789900), ('a4', 89900)) AS p(id, month)
CROSS JOIN (VALUES ('ams', 100), ('fra', 100), ('hel', 90), ('nyc', 110), ('sin', 125)) AS l(id, percent)
CROSS JOIN (VALUES (1, 100), (3, 97), (6, 95), (12, 90)) AS t(months, keep)
WHERE p.id <> 'a4' OR l.id IN ('fra', 'hel');

INSERT INTO stock (plan_id, location_id, free)
SELECT p.plan_id, p.location_id,
       CASE WHEN p.plan_id = 'd16' AND p.location_id = 'sin' THEN 0 WHEN p.plan_id = 'd16' THEN 40 WHEN p.plan_id = 'd8' AND p.location_id = 'nyc' THEN 5 ELSE 100000 END
FROM (SELECT DISTINCT plan_id, location_id FROM plan_price) p;

INSERT INTO image (id, name, os, version, arch, min_disk_gb, min_ram_mb, cloud_init, default_user, position, deprecated_at) VALUES
  ('debian-13', 'Debian 13', 'debian', '13', 'x86_64', 5, 512, true, 'root', 1, NULL),
  ('debian-12', 'Debian 12', 'debian', '12', 'x86_64', 5, 512, true, 'root', 2, NULL),
  ('ubuntu-24.04', 'Ubuntu 24.04 LTS', 'ubuntu', '24.04', 'x86_64', 8, 1024, true, 'root', 3, NULL),
  ('ubuntu-26.04', 'Ubuntu 26.04 LTS', 'ubuntu', '26.04', 'x86_64', 8, 1024, true, 'root', 4, NULL),
  ('alma-9', 'AlmaLinux 9', 'almalinux', '9', 'x86_64', 10, 1024, true, 'root', 5, NULL),
  ('rocky-9', 'Rocky Linux 9', 'rockylinux', '9', 'x86_64', 10, 1024, true, 'root', 6, NULL),
  ('alpine-3.22', 'Alpine 3.22', 'alpine', '3.22', 'x86_64', 1, 256, true, 'root', 7, NULL),
  ('windows-2025', 'Windows Server 2025', 'windows', '2025', 'x86_64', 60, 4096, false, 'Administrator', 8, NULL),
  ('debian-13-arm64', 'Debian 13 (arm64)', 'debian', '13', 'arm64', 5, 512, true, 'root', 9, NULL),
  ('ubuntu-24.04-arm64', 'Ubuntu 24.04 LTS (arm64)', 'ubuntu', '24.04', 'arm64', 8, 1024, true, 'root', 10, NULL);

GRANT USAGE ON SCHEMA vps TO lumi_vps;
GRANT SELECT ON location, plan, plan_price, image, stock TO lumi_vps;
GRANT UPDATE (free, checked_at) ON stock TO lumi_vps;
