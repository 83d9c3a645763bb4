export { doctorEnvironment } from './config';
export { examine, type DoctorOptions } from './doctor';
