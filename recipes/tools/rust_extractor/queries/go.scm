(function_declaration name: (identifier) @name) @function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: (_) @container))
  name: (field_identifier) @name) @method
(type_declaration (type_spec name: (type_identifier) @name) @type)
(type_declaration (type_alias name: (type_identifier) @name) @type)
(method_elem name: (field_identifier) @name) @method
(import_spec path: (_) @name) @import
(source_file (var_declaration (var_spec name: (identifier) @name) @variable) @statement)
(source_file (var_declaration (var_spec_list (var_spec name: (identifier) @name) @variable)) @statement)
(source_file (const_declaration (const_spec name: (identifier) @name) @variable) @statement)
