/** The gallery as `@supabase/postgrest-js` wants its types: what a generator would write. */

type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]

interface Table<Row, Required extends keyof Row, Relationships extends readonly Relationship[] = []> {
  Row: Row & Record<string, unknown>
  Insert: Partial<Row> & Pick<Row, Required> & Record<string, unknown>
  Update: Partial<Row> & Record<string, unknown>
  Relationships: Mutable<Relationships>
}

type Mutable<T extends readonly Relationship[]> = { -readonly [K in keyof T]: T[K] }

interface Relationship {
  foreignKeyName: string
  columns: string[]
  isOneToOne?: boolean
  referencedRelation: string
  referencedColumns: string[]
}

/** A foreign key on one column to `id`. */
interface Key<Name extends string, Column extends string, Target extends string, One extends boolean = false> {
  foreignKeyName: Name
  columns: [Column]
  isOneToOne: One
  referencedRelation: Target
  referencedColumns: ['id']
}

export type Museum = { id: number; name: string; city: string | null; opened: string | null }

export type Artist = {
  id: number
  name: string
  country: string | null
  born: string | null
  tags: string[] | null
  bio: Json
  mentor_id: number | null
}

export type Painting = {
  id: number
  title: string
  artist_id: number | null
  owner_id: number | null
  borrower_id: number | null
  year: number | null
  price: number | null
  weight: number | null
  sold: boolean | null
  serial: number | null
  medium: 'oil' | 'fresco' | 'ink' | null
  shown: string | null
  rooms: string | null
  asking: string | null
  acquired: string | null
  keywords: string[] | null
  sizes: number[] | null
  meta: Json
  notes: string | null
}

export type Exhibition = { id: number; name: string; opens: string | null }

export type Showing = { painting_id: number; exhibition_id: number; room: string | null; rank: number | null }

export type Visit = {
  id: string
  museum_id: number | null
  visitor: string
  tickets: number | null
  paid: boolean | null
  created_at: string
  updated_at: string
  created_by: string | null
  revision: number
}

export type Database = {
  __InternalSupabase: { PostgrestVersion: '13' }
  gallery: {
    Tables: {
      museums: Table<Museum, 'id' | 'name'>
      artists: Table<Artist, 'id' | 'name', [Key<'artists_mentor_id_fkey', 'mentor_id', 'artists'>]>
      paintings: Table<
        Painting,
        'id' | 'title',
        [
          Key<'paintings_artist_id_fkey', 'artist_id', 'artists'>,
          Key<'paintings_owner_id_fkey', 'owner_id', 'museums'>,
          Key<'paintings_borrower_id_fkey', 'borrower_id', 'museums'>,
        ]
      >
      exhibitions: Table<Exhibition, 'id' | 'name'>
      showings: Table<
        Showing,
        'painting_id' | 'exhibition_id',
        [
          Key<'showings_painting_id_fkey', 'painting_id', 'paintings'>,
          Key<'showings_exhibition_id_fkey', 'exhibition_id', 'exhibitions'>,
        ]
      >
      visits: Table<Visit, 'visitor', [Key<'visits_museum_id_fkey', 'museum_id', 'museums'>]>
    }
    Views: Record<never, never>
    Functions: { add: { Args: { a: number; b: number }; Returns: number } }
  }
  platform: {
    Tables: { tenants: Table<{ id: string; slug: string }, 'slug'> }
    Views: Record<never, never>
    Functions: Record<never, never>
  }
  elsewhere: {
    Tables: { things: Table<{ id: number }, 'id'> }
    Views: Record<never, never>
    Functions: Record<never, never>
  }
}
