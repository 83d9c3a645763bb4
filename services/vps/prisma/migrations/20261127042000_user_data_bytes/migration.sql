-- User data may be any bytes, such as a gzip archive.
ALTER TABLE server ALTER COLUMN user_data TYPE bytea USING convert_to(user_data, 'UTF8');
