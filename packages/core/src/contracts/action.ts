/** What is done with the rows of an entity. */
export type Action = 'read' | 'create' | 'update' | 'delete'
