export * from '@metabuilder/package-sources'
