(function_item name: (identifier) @name) @function
(function_signature_item name: (identifier) @name) @function
(struct_item name: (type_identifier) @name) @type
(enum_item name: (type_identifier) @name) @type
(union_item name: (type_identifier) @name) @type
(trait_item name: (type_identifier) @name) @type
(type_item name: (type_identifier) @name) @type
(impl_item type: (_) @name) @impl
(mod_item name: (identifier) @name) @module
(macro_definition name: (identifier) @name) @macro
(use_declaration argument: [(identifier) (scoped_identifier) (scoped_use_list) (use_wildcard) (use_as_clause)] @name) @import
(use_declaration argument: (use_list (_) @name)) @import
(extern_crate_declaration name: (identifier) @name) @import
(const_item name: (identifier) @name) @variable
(static_item name: (identifier) @name) @variable
