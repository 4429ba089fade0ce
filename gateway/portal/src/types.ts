/** JSON of the REST face, as far as the pages read it (protos/medcloudcare/**; int64 are strings). */

export type Role = 'ROLE_HEALTH_PROFESSIONAL' | 'ROLE_RESEARCHER' | 'ROLE_ADMINISTRATOR';

export interface Account {
  name: string;
  email: string;
  displayName: string;
  role: Role;
  state: 'PENDING' | 'ACTIVE' | 'SUSPENDED';
  createTime?: string;
}

export interface Study {
  name: string;
  studyInstanceUid: string;
  access: 'ACCESS_OWNER' | 'ACCESS_VIEW' | 'ACCESS_ANNOTATE' | 'ACCESS_EDIT';
  patientName: string;
  patientId: string;
  patientBirthDate: string;
  patientSex: string;
  studyDate: string;
  studyTime: string;
  accessionNumber: string;
  studyDescription: string;
  modalities?: string[];
  seriesCount: number;
  instanceCount: number;
  sizeBytes: string;
}

export interface ModelForm {
  displayName: string;
  description: string;
  architecture: string;
  task: string;
  modality: string;
  bodyPart: string;
  framework: string;
  performance: string;
  dataDescription: string;
  input: string;
  output: string;
  references: string;
}

export interface Model {
  name: string;
  owner: string;
  form: ModelForm;
  visibility: string;
  activeVersion: string;
  updateTime?: string;
  owned: boolean;
}

export interface Deployment {
  name: string;
  replicas?: { desired: number; problem: string; replicas?: { id: string; state: string; restarts: number }[] };
  lastFailure: string;
  log?: string[];
}
