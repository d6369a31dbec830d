// The module that MetaBuilder's code imports, as an application has it: nothing but the addon under its old name.
export * from '@metabuilder/package-sources'
